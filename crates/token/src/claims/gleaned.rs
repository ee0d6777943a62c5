//! The registered claims, picked up while the payload is read into the caller's type.

use super::{Audiences, Claims, Text, in_range};
use crate::json::Span;
use crate::json::reader::{GaveUp, Passed, Watch, read};
use crate::time::UnixTime;
use crate::verified::LIMITS;

/// Picks up the registered claims, and those that a validator requires besides.
pub(crate) struct Gleaner<'v> {
    claims: &'v mut Claims,
    /// The audience, if it is an array.
    audiences: Option<Span>,
    /// A claim is not in its usual form.
    unusual: bool,
    required: &'v [&'static str],
    next_required: Option<&'static str>,
    others: Vec<(&'static str, Span)>,
}

impl Watch for Gleaner<'_> {
    #[inline]
    fn place(name: &str) -> u8 {
        match name {
            "iss" => ISS,
            "sub" => SUB,
            "aud" => AUD,
            "exp" => EXP,
            "nbf" => NBF,
            "iat" => IAT,
            "auth_time" => AUTH_TIME,
            "jti" => JTI,
            "nonce" => NONCE,
            "azp" => AZP,
            _ => UNREGISTERED,
        }
    }

    #[inline]
    fn name(&mut self, name: &str) {
        if !self.required.is_empty() {
            self.next_required = self.required.iter().copied().find(|required| *required == name);
        }
    }

    #[inline]
    fn value(&mut self, place: u8, value: Passed, span: Span) {
        match place {
            UNREGISTERED => {}
            AUD => self.audience(value, span),
            EXP | NBF | IAT | AUTH_TIME => self.date(place, value),
            _ => self.text(place, value, span),
        }
        if let Some(name) = self.next_required.take() {
            self.others.push((name, span));
        }
    }
}

const UNREGISTERED: u8 = 0;
const ISS: u8 = 1;
const SUB: u8 = 2;
const AUD: u8 = 3;
const EXP: u8 = 4;
const NBF: u8 = 5;
const IAT: u8 = 6;
const AUTH_TIME: u8 = 7;
const JTI: u8 = 8;
const NONCE: u8 = 9;
const AZP: u8 = 10;

impl<'v> Gleaner<'v> {
    /// A gleaner that fills in these claims, and looks out for others that are required.
    pub(crate) fn new(claims: &'v mut Claims, required: &'v [&'static str]) -> Self {
        Self { claims, audiences: None, unusual: false, required, next_required: None, others: Vec::new() }
    }

    /// Returns whether a claim that was to be looked out for is there and not `null`.
    pub(crate) fn has(&self, payload: &str, name: &str) -> bool {
        self.others.iter().any(|(other, span)| *other == name && span.of(payload) != "null")
    }

    /// Reads what is left to read once the payload has passed. What is not in its usual form is left to the tape.
    pub(crate) fn finish(&mut self, payload: &str) -> Result<(), GaveUp> {
        if self.unusual {
            return Err(GaveUp);
        }
        if let Some(span) = self.audiences {
            let list: Vec<Box<str>> = read(span.of(payload), LIMITS)?;
            self.claims.aud = Audiences::Many(list.into_iter().map(Text::Copied).collect());
        }
        Ok(())
    }

    /// Returns the registered claims.
    pub(crate) fn claims(&self) -> &Claims {
        self.claims
    }

    fn audience(&mut self, value: Passed, span: Span) {
        match value {
            Passed::Plain => self.claims.aud = Audiences::One(Text::Plain(span.inside())),
            // An array, or something that is refused when it is read as one.
            _ => self.audiences = Some(span),
        }
    }

    fn text(&mut self, place: u8, value: Passed, span: Span) {
        let claim = match place {
            ISS => &mut self.claims.iss,
            SUB => &mut self.claims.sub,
            JTI => &mut self.claims.jti,
            NONCE => &mut self.claims.nonce,
            _ => &mut self.claims.azp,
        };
        *claim = Some(Text::Plain(span.inside()));
        self.unusual |= value != Passed::Plain;
    }

    fn date(&mut self, place: u8, value: Passed) {
        let claim = match place {
            EXP => &mut self.claims.exp,
            NBF => &mut self.claims.nbf,
            IAT => &mut self.claims.iat,
            _ => &mut self.claims.auth_time,
        };
        *claim = date(value);
        self.unusual |= claim.is_none();
    }
}

fn date(value: Passed) -> Option<UnixTime> {
    match value {
        Passed::Number(seconds) => in_range(i64::try_from(seconds).ok()?),
        _ => None,
    }
}
