use std::fmt;

use crate::json::{Document, Kind, Span, Value};
use crate::rejection::{Part, Rejection};
use crate::time::UnixTime;
use crate::verified::limits;

mod gleaned;

pub(crate) use gleaned::Gleaner;

/// The registered claims of a verified token ([RFC 7519 §4.1]), read from its payload.
///
/// [RFC 7519 §4.1]: https://www.rfc-editor.org/rfc/rfc7519#section-4.1
#[derive(Clone, Copy)]
pub struct RegisteredClaims<'a> {
    claims: &'a Claims,
    payload: &'a str,
}

impl<'a> RegisteredClaims<'a> {
    pub(crate) fn new(claims: &'a Claims, payload: &'a str) -> Self {
        Self { claims, payload }
    }

    /// Returns the issuer; the one the validator asked for.
    pub fn iss(self) -> &'a str {
        self.text(self.claims.iss.as_ref()).unwrap_or_default()
    }

    /// Returns the subject: whom the token is about.
    pub fn sub(self) -> Option<&'a str> {
        self.text(self.claims.sub.as_ref())
    }

    /// Returns the audience: whom the token is for. A single string in the token is a list of one here.
    pub fn aud(self) -> impl Iterator<Item = &'a str> {
        self.claims.aud.iter().map(move |text| text.of(self.payload))
    }

    /// Returns the expiry. Without one (a status list may do so) this is [`UnixTime::MAX_IN_TOKEN`].
    pub fn exp(self) -> UnixTime {
        self.claims.exp.unwrap_or(UnixTime::MAX_IN_TOKEN)
    }

    /// Returns the time before which the token is not valid. A fraction of a second is rounded up.
    pub fn nbf(self) -> Option<UnixTime> {
        self.claims.nbf
    }

    /// Returns when the token was issued.
    pub fn iat(self) -> Option<UnixTime> {
        self.claims.iat
    }

    /// Returns the token's own id.
    pub fn jti(self) -> Option<&'a str> {
        self.text(self.claims.jti.as_ref())
    }

    /// Refuses a JSON text that no verifier would read as a token's claims: one that is no object, holds a name twice or a
    /// registered claim of another type, such as a date beyond the year 9999.
    ///
    /// For whoever signs claims that somebody else wrote. Nothing is verified, and no claim has to be there.
    pub fn check_types(json: &[u8]) -> Result<(), Rejection> {
        let document = Document::parse(json, limits(json.len()))
            .map_err(|problem| Rejection::Json { part: Part::Payload, problem: problem.to_string() })?;
        Claims::read(document.root()).map(drop)
    }

    /// Returns `exp` if it is there.
    pub(crate) fn stated_exp(self) -> Option<UnixTime> {
        self.claims.exp
    }

    /// Returns `iss` if it is there.
    pub(crate) fn stated_iss(self) -> Option<&'a str> {
        self.text(self.claims.iss.as_ref())
    }

    pub(crate) fn auth_time(self) -> Option<UnixTime> {
        self.claims.auth_time
    }

    pub(crate) fn nonce(self) -> Option<&'a str> {
        self.text(self.claims.nonce.as_ref())
    }

    pub(crate) fn azp(self) -> Option<&'a str> {
        self.text(self.claims.azp.as_ref())
    }

    fn text(self, text: Option<&'a Text>) -> Option<&'a str> {
        text.map(|text| text.of(self.payload))
    }
}

impl fmt::Debug for RegisteredClaims<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredClaims")
            .field("iss", &self.iss())
            .field("sub", &self.sub())
            .field("aud", &self.aud().collect::<Vec<_>>())
            .field("exp", &self.exp())
            .field("nbf", &self.nbf())
            .field("iat", &self.iat())
            .field("jti", &self.jti())
            .finish()
    }
}

/// The claims a validator looks at: where they stand in the payload. Types are checked here, values by the validator.
#[derive(Clone, Default)]
pub(crate) struct Claims {
    iss: Option<Text>,
    sub: Option<Text>,
    aud: Audiences,
    exp: Option<UnixTime>,
    nbf: Option<UnixTime>,
    iat: Option<UnixTime>,
    auth_time: Option<UnixTime>,
    jti: Option<Text>,
    nonce: Option<Text>,
    azp: Option<Text>,
}

/// A string of the payload: where it stands, or a copy without its escapes.
#[derive(Clone)]
enum Text {
    Plain(Span),
    Copied(Box<str>),
}

impl Text {
    fn of<'a>(&'a self, payload: &'a str) -> &'a str {
        match self {
            Self::Plain(span) => span.of(payload),
            Self::Copied(text) => text,
        }
    }
}

#[derive(Clone)]
enum Audiences {
    One(Text),
    Many(Box<[Text]>),
}

impl Default for Audiences {
    fn default() -> Self {
        Self::Many(Box::default())
    }
}

impl Audiences {
    fn iter(&self) -> std::slice::Iter<'_, Text> {
        match self {
            Self::One(one) => std::slice::from_ref(one).iter(),
            Self::Many(many) => many.iter(),
        }
    }
}

impl Claims {
    pub(crate) fn read(payload: Value<'_, '_>) -> Result<Self, Rejection> {
        if !payload.is_object() {
            return Err(Rejection::NotAnObject { part: Part::Payload, actual: payload.kind_name() });
        }
        let mut claims = Self::default();
        for (name, value) in payload.members() {
            match &*name {
                "iss" => claims.iss = Some(text("iss", value)?),
                "sub" => claims.sub = Some(text("sub", value)?),
                "aud" => claims.aud = audiences(value)?,
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
}

#[derive(Clone, Copy)]
enum Round {
    Down,
    Up,
}

fn text(claim: &'static str, value: Value<'_, '_>) -> Result<Text, Rejection> {
    let wrong = || Rejection::ClaimType { claim, expected: "a string", actual: value.kind_name() };
    stands(value).ok_or_else(wrong)
}

fn stands(value: Value<'_, '_>) -> Option<Text> {
    if value.kind() == Kind::Plain {
        return Some(Text::Plain(value.span()));
    }
    value.as_str().map(|text| Text::Copied(text.into()))
}

fn audiences(value: Value<'_, '_>) -> Result<Audiences, Rejection> {
    let wrong =
        |actual| Rejection::ClaimType { claim: "aud", expected: "a string or an array of strings", actual };
    if value.kind() == Kind::Array {
        let element = |element| stands(element).ok_or_else(|| wrong("an array with something else in it"));
        return value.elements().map(element).collect::<Result<_, _>>().map(Audiences::Many);
    }
    stands(value).map(Audiences::One).ok_or_else(|| wrong(value.kind_name()))
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
    seconds.and_then(in_range).ok_or_else(|| Rejection::ClaimType {
        claim,
        expected: "a number of seconds between the years 1970 and 9999",
        actual: if value.as_number().is_some() { "a number outside of them" } else { value.kind_name() },
    })
}

fn in_range(seconds: i64) -> Option<UnixTime> {
    (0..=UnixTime::MAX_IN_TOKEN.as_secs()).contains(&seconds).then(|| UnixTime::from_secs(seconds))
}

fn to_seconds(whole: f64) -> Option<i64> {
    #[expect(clippy::cast_precision_loss, reason = "the bound is far below 2^53")]
    let range = 0.0..=UnixTime::MAX_IN_TOKEN.as_secs() as f64;
    #[expect(clippy::cast_possible_truncation, reason = "a whole number within the range checked here")]
    range.contains(&whole).then_some(whole as i64)
}
