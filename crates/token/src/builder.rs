use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use crate::base64url;
use crate::entropy::Entropy;
use crate::json::writer::{Unwritable, Writer};
use crate::keys::SigningKey;
use crate::lifetime::Lifetime;
use crate::sign::SignError;
use crate::size::SizeReport;
use crate::time::UnixTime;
use crate::unverified::MAX_TOKEN_LEN;
use crate::validator::{Audience, Names};

/// Builds a token from claims with names: issuer, audience, subject, lifetime; `iat`, `exp` and `jti` come by themselves.
///
/// ```
/// use handstamp_token::{Algorithm, SigningKey, SystemEntropy, TokenBuilder, UnixTime};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = SigningKey::generate(Algorithm::EdDsa)?;
/// let token = TokenBuilder::access_token("https://auth.example.com", "https://api.example.com")
///     .subject("user-17")
///     .client_id("web")
///     .lifetime("15 minutes")
///     .claim("roles", ["editor", "reader"])
///     .sign(&key, UnixTime::from_secs(1_800_000_000), &SystemEntropy)?;
/// assert_eq!(token.expires_at(), UnixTime::from_secs(1_800_000_900));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `sign`"]
pub struct TokenBuilder {
    typ: Cow<'static, str>,
    lifetime: Option<Lifetime>,
    claims: Writer,
    problem: Option<SignError>,
}

impl TokenBuilder {
    /// Starts an OAuth access token (RFC 9068, `typ` is `at+jwt`).
    pub fn access_token(issuer: impl AsRef<str>, audience: impl Into<Audience>) -> Self {
        Self::typed("at+jwt", issuer, audience)
    }

    /// Starts an OpenID Connect ID token (`typ` is `JWT`), whose audience is the client id.
    pub fn id_token(issuer: impl AsRef<str>, client_id: impl Into<Audience>) -> Self {
        Self::typed("JWT", issuer, client_id)
    }

    /// Starts a token of any kind. Give each kind a `typ` of its own, so that none passes for another (RFC 8725 §3.11).
    pub fn typed(
        typ: impl Into<Cow<'static, str>>,
        issuer: impl AsRef<str>,
        audience: impl Into<Audience>,
    ) -> Self {
        let builder = Self { typ: typ.into(), lifetime: None, claims: Writer::new(), problem: None };
        let builder = builder.claim("iss", issuer.as_ref());
        // The short way to write a list of one.
        match audience.into().0 {
            Names::One(one) => builder.claim("aud", one),
            Names::AnyOf(all) => match all.as_slice() {
                [one] => builder.claim("aud", one),
                all => builder.claim("aud", all),
            },
        }
    }

    /// Sets `sub`: whom the token is about.
    pub fn subject(self, subject: impl AsRef<str>) -> Self {
        self.claim("sub", subject.as_ref())
    }

    /// Sets `client_id` (RFC 8693 §4.3), which RFC 9068 wants in access tokens.
    pub fn client_id(self, client_id: impl AsRef<str>) -> Self {
        self.claim("client_id", client_id.as_ref())
    }

    /// Sets how long the token lives from its issue on, as a duration or as text: `"2 days"`, `"1h30m"`. Required.
    pub fn lifetime(mut self, lifetime: impl Into<Lifetime>) -> Self {
        self.lifetime = Some(lifetime.into());
        self
    }

    /// Sets `nbf`: the token is refused before this time.
    pub fn not_before(self, time: UnixTime) -> Self {
        self.claim("nbf", time)
    }

    /// Adds one claim.
    pub fn claim<T: Serialize>(mut self, name: &str, value: T) -> Self {
        let written = self.claims.member(name, &value);
        self.note(written);
        self
    }

    /// Adds every field of a struct or map as a claim.
    pub fn claims<T: Serialize + ?Sized>(mut self, claims: &T) -> Self {
        let written = self.claims.members(claims);
        self.note(written);
        self
    }

    /// Signs the token. `now` becomes `iat`, and `jti` is drawn from `entropy`.
    ///
    /// A claim set twice is an error, also where the builder sets one of the two.
    pub fn sign(
        mut self,
        key: &SigningKey,
        now: UnixTime,
        entropy: &dyn Entropy,
    ) -> Result<SignedToken, SignError> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let lifetime = self.lifetime.as_ref().ok_or(SignError::NoLifetime)?.duration()?;
        let expires_at = now.saturating_add(lifetime);
        if expires_at > UnixTime::MAX_IN_TOKEN || now < UnixTime::from_secs(0) {
            return Err(SignError::Lifetime { problem: "it ends after the year 9999".to_owned() });
        }
        let token_id = draw_token_id(entropy);
        self.claims.member("exp", &expires_at)?;
        self.claims.member("iat", &now)?;
        self.claims.member("jti", &token_id)?;
        let token = key.sign_object(MAX_TOKEN_LEN, &self.typ, self.claims)?;
        Ok(SignedToken { token, token_id, expires_at })
    }

    fn note(&mut self, written: Result<(), Unwritable>) {
        if let Err(unwritable) = written {
            self.problem.get_or_insert_with(|| unwritable.into());
        }
    }
}

impl fmt::Debug for TokenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenBuilder").field("typ", &self.typ).finish_non_exhaustive()
    }
}

/// A signed token. It opens doors to whoever holds it, so `Debug` does not show it.
#[derive(Clone)]
pub struct SignedToken {
    token: String,
    token_id: String,
    expires_at: UnixTime,
}

impl SignedToken {
    /// Returns the token's text.
    pub fn as_str(&self) -> &str {
        &self.token
    }

    /// Returns the token's text, owned.
    pub fn into_string(self) -> String {
        self.token
    }

    /// Returns the drawn `jti`: 128 random bits in base64url.
    pub fn token_id(&self) -> &str {
        &self.token_id
    }

    /// Returns `exp`.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// Returns where the bytes of this token go.
    pub fn size_report(&self) -> SizeReport {
        SizeReport::of_parts(&self.token)
    }
}

impl fmt::Debug for SignedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedToken")
            .field("token", &"[redacted]")
            .field("token_id", &self.token_id)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

/// 128 bits: two of 10^15 tokens share an id with a chance of about 10^-9 (RFC 7519 §4.1.7 asks for "negligible").
fn draw_token_id(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    base64url::encode(&bytes)
}
