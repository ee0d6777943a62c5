//! The rules about claims, in the order a reader would ask: from whom, for whom, when, and the kind's own.

use std::time::Duration;

use super::Validator;
use super::profile::{ASSERTION_LIFETIME, Profile};
use crate::claims::RegisteredClaims;
use crate::json::Value;
use crate::rejection::Rejection;
use crate::time::UnixTime;

const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A claim that has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Required {
    Exp,
    Nbf,
    Iat,
    Sub,
    Jti,
    /// One that is not looked at otherwise.
    Other(&'static str),
}

impl Required {
    pub(super) fn named(claim: &'static str) -> Self {
        match claim {
            "exp" => Self::Exp,
            "nbf" => Self::Nbf,
            "iat" => Self::Iat,
            "sub" => Self::Sub,
            "jti" => Self::Jti,
            other => Self::Other(other),
        }
    }
}

impl Validator {
    /// Checks what does not depend on the kind of token. `has` says whether a claim that is not among the registered ones is
    /// there and not `null`.
    pub(super) fn check_claims(
        &self,
        claims: RegisteredClaims<'_>,
        has: impl Fn(&str) -> bool,
        now: UnixTime,
    ) -> Result<(), Rejection> {
        self.check_issuer(claims)?;
        self.check_audience(claims)?;
        self.check_times(claims, now)?;
        self.check_required(claims, has)?;
        self.check_lifetime(claims)?;
        self.check_profile(claims, now)
    }

    fn check_issuer(&self, claims: RegisteredClaims<'_>) -> Result<(), Rejection> {
        match claims.stated_iss() {
            Some(iss) if iss == self.issuer => Ok(()),
            Some(iss) => {
                Err(Rejection::WrongIssuer { expected: self.issuer.clone(), actual: iss.to_owned() })
            }
            None => Err(Rejection::MissingClaim { claim: "iss" }),
        }
    }

    fn check_audience(&self, claims: RegisteredClaims<'_>) -> Result<(), Rejection> {
        if matches!(self.profile, Profile::StatusList { .. }) {
            return Ok(());
        }
        if claims.aud().any(|aud| self.audiences.iter().any(|ours| ours == aud)) {
            return Ok(());
        }
        let actual: Vec<String> = claims.aud().map(str::to_owned).collect();
        if actual.is_empty() {
            return Err(Rejection::MissingClaim { claim: "aud" });
        }
        Err(Rejection::WrongAudience { expected: self.audiences.clone(), actual })
    }

    fn check_times(&self, claims: RegisteredClaims<'_>, now: UnixTime) -> Result<(), Rejection> {
        let leeway = self.leeway;
        let latest = now.saturating_add(leeway);
        // RFC 7519 §4.1.4: the current time must be before exp.
        if let Some(exp) = claims.stated_exp().filter(|exp| now >= exp.saturating_add(leeway)) {
            return Err(Rejection::Expired { exp, now, leeway });
        }
        if let Some(nbf) = claims.nbf().filter(|nbf| *nbf > latest) {
            return Err(Rejection::NotYetValid { nbf, now, leeway });
        }
        if let Some(iat) = claims.iat().filter(|iat| *iat > latest) {
            return Err(Rejection::IssuedInFuture { iat, now, leeway });
        }
        Ok(())
    }

    fn check_required(
        &self,
        claims: RegisteredClaims<'_>,
        has: impl Fn(&str) -> bool,
    ) -> Result<(), Rejection> {
        for required in &self.required {
            let (claim, there) = match *required {
                Required::Exp => ("exp", claims.stated_exp().is_some()),
                Required::Nbf => ("nbf", claims.nbf().is_some()),
                Required::Iat => ("iat", claims.iat().is_some()),
                Required::Sub => ("sub", claims.sub().is_some()),
                Required::Jti => ("jti", claims.jti().is_some()),
                Required::Other(other) => (other, has(other)),
            };
            if !there {
                return Err(Rejection::MissingClaim { claim });
            }
        }
        Ok(())
    }

    fn check_lifetime(&self, claims: RegisteredClaims<'_>) -> Result<(), Rejection> {
        let Some(limit) = self.max_lifetime else { return Ok(()) };
        let iat = claims.iat().ok_or(Rejection::MissingClaim { claim: "iat" })?;
        let exp = claims.stated_exp().ok_or(Rejection::MissingClaim { claim: "exp" })?;
        if exp < iat || exp.saturating_since(iat) > limit {
            return Err(Rejection::LifetimeTooLong { iat, exp, limit });
        }
        Ok(())
    }

    fn check_profile(&self, claims: RegisteredClaims<'_>, now: UnixTime) -> Result<(), Rejection> {
        match &self.profile {
            // What a logout token has to hold is more than registered claims: `check_logout` looks at it.
            Profile::AccessToken | Profile::Jwt | Profile::Typed(_) | Profile::LogoutToken => Ok(()),
            Profile::IdToken { nonce, max_age } => {
                self.check_authorized_party(claims)?;
                if let Some(expected) = nonce {
                    check_value("nonce", expected, claims.nonce())?;
                }
                max_age.map_or(Ok(()), |limit| self.check_age(claims, limit, now))
            }
            Profile::ClientAssertion => {
                check_value("sub", &self.issuer, claims.sub())?;
                self.check_expires_soon(claims, now)
            }
            Profile::StatusList { uri } => check_value("sub", uri, claims.sub()),
        }
    }

    /// OpenID Connect Core §3.1.3.7 (4) and (5): with several audiences, `azp` says for whom the token was issued.
    fn check_authorized_party(&self, claims: RegisteredClaims<'_>) -> Result<(), Rejection> {
        let client_id = self.audiences.first().map(String::as_str).unwrap_or_default();
        match claims.azp() {
            None if claims.aud().nth(1).is_some() => Err(Rejection::MissingClaim { claim: "azp" }),
            None => Ok(()),
            Some(azp) => check_value("azp", client_id, Some(azp)),
        }
    }

    /// By our clock, for `iat` is optional and the sender's to choose.
    fn check_expires_soon(&self, claims: RegisteredClaims<'_>, now: UnixTime) -> Result<(), Rejection> {
        let exp = claims.stated_exp().ok_or(Rejection::MissingClaim { claim: "exp" })?;
        if exp > now.saturating_add(ASSERTION_LIFETIME).saturating_add(self.leeway) {
            return Err(Rejection::LifetimeTooLong { iat: now, exp, limit: ASSERTION_LIFETIME });
        }
        Ok(())
    }

    fn check_age(
        &self,
        claims: RegisteredClaims<'_>,
        limit: Duration,
        now: UnixTime,
    ) -> Result<(), Rejection> {
        let auth_time = claims.auth_time().ok_or(Rejection::MissingClaim { claim: "auth_time" })?;
        if now > auth_time.saturating_add(limit).saturating_add(self.leeway) {
            return Err(Rejection::AuthTooOld { auth_time, now, limit });
        }
        Ok(())
    }
}

/// OpenID Connect Back-Channel Logout §2.4 and §2.6.
pub(super) fn check_logout(claims: RegisteredClaims<'_>, payload: Value<'_, '_>) -> Result<(), Rejection> {
    if member(payload, "nonce").is_some() {
        return Err(Rejection::ForbiddenClaim { claim: "nonce" });
    }
    let sid = member(payload, "sid").and_then(Value::as_str);
    if claims.sub().is_none() && sid.is_none() {
        return Err(Rejection::MissingClaim { claim: "sub" });
    }
    let event = member(payload, "events").and_then(|events| member(events, LOGOUT_EVENT));
    match event {
        Some(event) if event.is_object() => Ok(()),
        _ => Err(Rejection::WrongValue { claim: "events", expected: LOGOUT_EVENT.to_owned(), actual: None }),
    }
}

fn check_value(claim: &'static str, expected: &str, actual: Option<&str>) -> Result<(), Rejection> {
    if actual == Some(expected) {
        return Ok(());
    }
    Err(Rejection::WrongValue { claim, expected: expected.to_owned(), actual: actual.map(str::to_owned) })
}

pub(super) fn member<'d, 'a>(object: Value<'d, 'a>, name: &str) -> Option<Value<'d, 'a>> {
    object.members().find(|(other, _)| other == name).map(|(_, value)| value)
}
