use std::fmt;
use std::sync::Arc;

use handstamp_token::{UnixTime, Validator};
use http::request::Parts;

use crate::clock::Clock;
use crate::credential;
use crate::csrf::{self, AllowedOrigins};
use crate::keys::SharedKeys;
use crate::principal::Verified;
use crate::{AuthError, Credential, Principal};

mod builder;

pub use builder::{BuildError, DEFAULT_COOKIE_NAME, MAX_LEEWAY, VerifierBuilder};

/// Verifies access tokens of one issuer, for one service, without a network call per request.
///
/// Cloning is cheap; clones share keys and cache.
#[derive(Clone)]
pub struct Verifier {
    inner: Arc<Inner>,
}

struct Inner {
    validator: Validator,
    keys: SharedKeys,
    clock: Arc<dyn Clock>,
    cookie_name: String,
    allowed_origins: AllowedOrigins,
}

impl Verifier {
    /// Starts a verifier for the tokens of this issuer: the auth service's public URL, exactly as in the tokens' `iss`.
    pub fn builder(issuer: impl Into<String>) -> VerifierBuilder {
        VerifierBuilder::new(issuer.into())
    }

    /// Verifies a token from an `Authorization` header or anything else that carried it.
    ///
    /// Waits only when the token names a key that is not known yet and the issuer may be asked for it.
    #[expect(clippy::unused_async, reason = "remote keys make it wait")]
    pub async fn verify(&self, token: &str) -> Result<Principal, AuthError> {
        self.try_verify(token)
    }

    /// Verifies a token with the keys at hand, without ever waiting.
    pub fn try_verify(&self, token: &str) -> Result<Principal, AuthError> {
        self.verified(token).map(|verified| Principal::new(verified, Credential::Bearer))
    }

    /// Finds and verifies the credentials of a request; `None` if there are none.
    ///
    /// The token may be in the cookie or in `Authorization: Bearer`; unsafe requests with the cookie must pass the
    /// [CSRF rules](crate::csrf) before the token is looked at.
    #[expect(clippy::unused_async, reason = "remote keys make it wait")]
    pub async fn authenticate(&self, parts: &Parts) -> Result<Option<Principal>, AuthError> {
        let Some(unverified) = credential::find(parts, &self.inner.cookie_name)? else { return Ok(None) };
        if unverified.from == Credential::Cookie {
            self.check_origin(parts)?;
        }
        let verified = self.verified(unverified.token)?;
        Ok(Some(Principal::new(verified, unverified.from)))
    }

    /// Applies the [CSRF rules](crate::csrf) to a request, whatever its credentials.
    pub fn check_origin(&self, parts: &Parts) -> Result<(), AuthError> {
        Ok(csrf::decide(&parts.method, &parts.headers, &self.inner.allowed_origins)?)
    }

    /// Returns the current time of the verifier's clock.
    pub fn now(&self) -> UnixTime {
        self.inner.clock.now()
    }

    /// Returns the issuer whose tokens are accepted.
    pub fn issuer(&self) -> &str {
        self.inner.validator.issuer()
    }

    fn verified(&self, token: &str) -> Result<Arc<Verified>, AuthError> {
        let keys = self.inner.keys.load();
        let token = self.inner.validator.verify(token, &keys.keys, self.now())?;
        Ok(Arc::new(Verified::new(token)))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("validator", &self.inner.validator).finish_non_exhaustive()
    }
}
