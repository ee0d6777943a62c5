use std::borrow::Cow;

use crate::json::{Document, Kind, Value};
use crate::rejection::{Part, Rejection};
use crate::time::UnixTime;
use crate::verified::limits;

/// The registered claims of a verified token ([RFC 7519 §4.1]).
///
/// [RFC 7519 §4.1]: https://www.rfc-editor.org/rfc/rfc7519#section-4.1
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegisteredClaims {
    /// Issuer; the one the validator asked for.
    pub iss: String,
    /// Subject: whom the token is about.
    pub sub: Option<String>,
    /// Audience: whom the token is for. A single string in the token is a list of one here.
    pub aud: Vec<String>,
    /// Expiry. Without one (a status list may do so) this is [`UnixTime::MAX_IN_TOKEN`].
    pub exp: UnixTime,
    /// Not before. A fraction of a second is rounded up.
    pub nbf: Option<UnixTime>,
    /// Issued at.
    pub iat: Option<UnixTime>,
    /// The token's own id.
    pub jti: Option<String>,
}

impl RegisteredClaims {
    /// Refuses a JSON text that no verifier would read as a token's claims: one that is no object, holds a name twice or a
    /// registered claim of another type, such as a date beyond the year 9999.
    ///
    /// For whoever signs claims that somebody else wrote. Nothing is verified, and no claim has to be there.
    pub fn check_types(json: &[u8]) -> Result<(), Rejection> {
        let document = Document::parse(json, limits(json))
            .map_err(|problem| Rejection::Json { part: Part::Payload, problem: problem.to_string() })?;
        Claims::read(document.root()).map(drop)
    }
}

/// The claims a validator looks at, as they stand in the payload. Types are checked here, values by the validator.
#[derive(Debug, Default)]
pub(crate) struct Claims<'a> {
    pub(crate) iss: Option<Cow<'a, str>>,
    pub(crate) sub: Option<Cow<'a, str>>,
    pub(crate) aud: Vec<Cow<'a, str>>,
    pub(crate) exp: Option<UnixTime>,
    pub(crate) nbf: Option<UnixTime>,
    pub(crate) iat: Option<UnixTime>,
    pub(crate) auth_time: Option<UnixTime>,
    pub(crate) jti: Option<Cow<'a, str>>,
    pub(crate) nonce: Option<Cow<'a, str>>,
    pub(crate) azp: Option<Cow<'a, str>>,
}

impl<'a> Claims<'a> {
    pub(crate) fn read(payload: Value<'_, 'a>) -> Result<Self, Rejection> {
        if !payload.is_object() {
            return Err(Rejection::NotAnObject { part: Part::Payload, actual: payload.kind_name() });
        }
        let mut claims = Self::default();
        for (name, value) in payload.members() {
            match &*name {
                "iss" => claims.iss = Some(text("iss", value)?),
                "sub" => claims.sub = Some(text("sub", value)?),
                "aud" => claims.aud = audience(value)?,
                "exp" => claims.exp = Some(date("exp", value, Round::Down)?),
                "nbf" => claims.nbf = Some(date("nbf", value, Round::Up)?),
                "iat" => claims.iat = Some(date("iat", value, Round::Down)?),
                "auth_time" => claims.auth_time = Some(date("auth_time", value, Round::Down)?),
                "jti" => claims.jti = Some(text("jti", value)?),
                "nonce" => claims.nonce = Some(text("nonce", value)?),
                "azp" => claims.azp = Some(text("azp", value)?),
                _ => {}
            }
        }
        Ok(claims)
    }

    pub(crate) fn into_registered(self) -> RegisteredClaims {
        RegisteredClaims {
            iss: self.iss.map(Cow::into_owned).unwrap_or_default(),
            sub: self.sub.map(Cow::into_owned),
            aud: self.aud.into_iter().map(Cow::into_owned).collect(),
            exp: self.exp.unwrap_or(UnixTime::MAX_IN_TOKEN),
            nbf: self.nbf,
            iat: self.iat,
            jti: self.jti.map(Cow::into_owned),
        }
    }
}

#[derive(Clone, Copy)]
enum Round {
    Down,
    Up,
}

fn text<'a>(claim: &'static str, value: Value<'_, 'a>) -> Result<Cow<'a, str>, Rejection> {
    match value.as_str() {
        Some(text) => Ok(text),
        None => Err(Rejection::ClaimType { claim, expected: "a string", actual: value.kind_name() }),
    }
}

fn audience<'a>(value: Value<'_, 'a>) -> Result<Vec<Cow<'a, str>>, Rejection> {
    let wrong =
        |actual| Rejection::ClaimType { claim: "aud", expected: "a string or an array of strings", actual };
    match value.kind() {
        Kind::Plain | Kind::Escaped => Ok(value.as_str().into_iter().collect()),
        Kind::Array => value
            .elements()
            .map(|element| element.as_str().ok_or_else(|| wrong("an array with something else in it")))
            .collect(),
        _ => Err(wrong(value.kind_name())),
    }
}

/// Reads a `NumericDate` (RFC 7519 §2) between 1970 and 9999. A fraction is rounded so that the token lives shorter.
fn date(claim: &'static str, value: Value<'_, '_>, round: Round) -> Result<UnixTime, Rejection> {
    let seconds = value.as_number().and_then(|number| {
        if value.kind() == Kind::Integer {
            return number.parse().ok();
        }
        let number: f64 = number.parse().ok()?;
        to_seconds(match round {
            Round::Down => number.floor(),
            Round::Up => number.ceil(),
        })
    });
    match seconds {
        Some(seconds) if (0..=UnixTime::MAX_IN_TOKEN.as_secs()).contains(&seconds) => {
            Ok(UnixTime::from_secs(seconds))
        }
        _ => Err(Rejection::ClaimType {
            claim,
            expected: "a number of seconds between the years 1970 and 9999",
            actual: if value.as_number().is_some() { "a number outside of them" } else { value.kind_name() },
        }),
    }
}

fn to_seconds(whole: f64) -> Option<i64> {
    #[expect(clippy::cast_precision_loss, reason = "the bound is far below 2^53")]
    let range = 0.0..=UnixTime::MAX_IN_TOKEN.as_secs() as f64;
    #[expect(clippy::cast_possible_truncation, reason = "a whole number within the range checked here")]
    range.contains(&whole).then_some(whole as i64)
}

/// Writes `aud` the short way: a list of one as a plain string.
pub(crate) fn audience_list<S: serde::Serializer>(
    audience: &&[String],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match audience {
        [one] => serializer.serialize_str(one),
        many => serializer.collect_seq(*many),
    }
}
