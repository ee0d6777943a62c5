use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use handstamp_token::{KeySet, UnixTime, Validator, VerifiedToken};
#[cfg(feature = "remote")]
use handstamp_token::{Rejection, UnverifiedToken};
#[cfg(feature = "forward-auth")]
use http::HeaderMap;
use http::request::Parts;

use crate::clock::Clock;
use crate::credential;
use crate::csrf::{self, AllowedOrigins};
use crate::keys::SharedKeys;
#[cfg(feature = "remote")]
use crate::keys::remote::RemoteKeys;
use crate::nested::Nested;
use crate::principal::{Identity, Verified};
#[cfg(feature = "remote")]
use crate::revocation::{FeedTask, Watch, status_list::Statuses};
use crate::revocation::{Revocations, SilencePolicy, Verdict};
use crate::token_cache::{Remembered, TokenCache, Validity};
use crate::{AuthError, Credential, Principal};

mod builder;
#[cfg(feature = "remote")]
mod remote;
#[cfg(feature = "remote")]
mod status_lists;

pub use builder::{BuildError, DEFAULT_COOKIE_NAME, MAX_LEEWAY, VerifierBuilder};

/// Verifies access tokens of one issuer, for one service, without a network call per request.
///
/// Cloning is cheap; clones share keys and cache.
///
/// ```
/// use handstamp_token::{Algorithm, KeySet, SigningKey, SystemEntropy, TokenBuilder};
/// use handstamp_verify::{Clock, SystemClock, Verifier};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let verifier = Verifier::builder("https://auth.example")
///     .audience("orders")
///     .algorithms(&[Algorithm::Es256])
///     .without_revocations()
///     .build_with_keys(KeySet::new([key.verifying_key()])?)?;
///
/// let token = TokenBuilder::access_token("https://auth.example", "orders")
///     .subject("ada")
///     .lifetime("10 minutes")
///     .claim("roles", ["buyer"])
///     .sign(&key, SystemClock.now(), &SystemEntropy)?;
/// let caller = verifier.try_verify(token.as_str())?;
/// assert_eq!(caller.sub(), "ada");
/// caller.require_role("buyer")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Verifier {
    inner: Arc<Inner>,
    when_silent: SilencePolicy,
}

struct Inner {
    validator: Validator,
    nested: Nested,
    leeway: Duration,
    keys: SharedKeys,
    #[cfg(feature = "remote")]
    remote: Option<RemoteKeys>,
    cache: Option<TokenCache>,
    revocations: Revocations,
    /// Keeps the revocations up to date for as long as there is a verifier.
    #[cfg(feature = "remote")]
    feed: Option<FeedTask>,
    /// Asked in the place of the feed.
    #[cfg(feature = "remote")]
    statuses: Option<Statuses>,
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
    /// Waits only when the token names a key that is not known yet and the issuer may be asked for it, and for a status list
    /// that is due.
    pub async fn verify(&self, token: &str) -> Result<Principal, AuthError> {
        self.verified(token).await.map(|verified| Principal::new(verified, Credential::Bearer))
    }

    /// Verifies a token with the keys at hand, without ever waiting.
    pub fn try_verify(&self, token: &str) -> Result<Principal, AuthError> {
        let verified = self.verified_now(token)?;
        #[cfg(feature = "remote")]
        if let Some(statuses) = &self.inner.statuses {
            statuses.check_now(verified.status_reference(), self.now())?;
        }
        Ok(Principal::new(verified, Credential::Bearer))
    }

    /// Finds and verifies the credentials of a request; `None` if there are none.
    ///
    /// The token may be in the cookie or in `Authorization: Bearer`; unsafe requests with the cookie must pass the
    /// [CSRF rules](crate::csrf) before the token is looked at.
    pub async fn authenticate(&self, parts: &Parts) -> Result<Option<Principal>, AuthError> {
        let Some(unverified) = credential::find(&parts.headers, parts.uri.query(), &self.inner.cookie_name)?
        else {
            return Ok(None);
        };
        if unverified.from == Credential::Cookie {
            self.check_origin(parts)?;
        }
        let verified = self.verified(unverified.token).await?;
        Ok(Some(Principal::new(verified, unverified.from)))
    }

    /// Finds and verifies the credentials of a request whose origin is judged elsewhere.
    #[cfg(feature = "forward-auth")]
    pub(crate) async fn identify(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
    ) -> Result<Option<Principal>, AuthError> {
        let unverified = credential::find(headers, query, &self.inner.cookie_name)?;
        let Some(unverified) = unverified else { return Ok(None) };
        let verified = self.verified(unverified.token).await?;
        Ok(Some(Principal::new(verified, unverified.from)))
    }

    #[cfg(any(feature = "axum", feature = "forward-auth"))]
    pub(crate) fn cookie_name(&self) -> &str {
        &self.inner.cookie_name
    }

    #[cfg(feature = "forward-auth")]
    pub(crate) fn allowed_origins(&self) -> &AllowedOrigins {
        &self.inner.allowed_origins
    }

    /// Applies the [CSRF rules](crate::csrf) to a request, whatever its credentials.
    pub fn check_origin(&self, parts: &Parts) -> Result<(), AuthError> {
        Ok(csrf::decide(&parts.method, &parts.headers, &self.inner.allowed_origins)?)
    }

    /// Returns the same verifier with another policy for the time without news of revocations.
    #[must_use]
    pub fn when_silent(&self, policy: SilencePolicy) -> Self {
        Self { inner: Arc::clone(&self.inner), when_silent: policy }
    }

    /// Returns what is known to be revoked: for metrics, readiness and tests.
    pub fn revocations(&self) -> &Revocations {
        &self.inner.revocations
    }

    /// Watches over an open connection, such as an event stream or a WebSocket: it has to end with its token.
    ///
    /// While there is no news it goes by this verifier's policy. Where the route has [one of its own](crate::access::Access::when_silent),
    /// hand it on: `verifier.when_silent(policy).watch(&caller)`.
    #[cfg(feature = "remote")]
    pub fn watch<C>(&self, caller: &Principal<C>) -> Watch {
        let clock = Arc::clone(&self.inner.clock);
        self.inner.revocations.watch(&caller.token_identity(), caller.expires_at(), self.when_silent, clock)
    }

    /// Returns the current time of the verifier's clock.
    pub fn now(&self) -> UnixTime {
        self.inner.clock.now()
    }

    /// Returns the issuer whose tokens are accepted.
    pub fn issuer(&self) -> &str {
        self.inner.validator.issuer()
    }

    /// Returns whether there are keys to verify with. Without them every token gets a 503: not yet ready for traffic.
    pub fn has_keys(&self) -> bool {
        !self.inner.keys.load().keys.is_empty()
    }

    /// Returns whether the service is ready for traffic: it has keys, and its news of revocations is not older than its policy
    /// allows. Under [`ServeStale`](crate::revocation::SilencePolicy::ServeStale) the age does not count.
    ///
    /// For `/health/ready`: a load balancer then sends requests to an instance that hears more.
    pub fn is_ready(&self) -> bool {
        let status = self.revocations().status(self.now());
        let is_informed = match self.when_silent {
            SilencePolicy::ServeStale { .. } => true,
            SilencePolicy::YoungOnly { max_stale } | SilencePolicy::Refuse { max_stale } => {
                status.is_fresh(max_stale)
            }
        };
        self.has_keys() && is_informed
    }

    #[cfg_attr(not(feature = "remote"), expect(clippy::unused_async, reason = "remote parts make it wait"))]
    async fn verified(&self, token: &str) -> Result<Arc<Remembered>, AuthError> {
        #[cfg(not(feature = "remote"))]
        return self.verified_now(token);
        #[cfg(feature = "remote")]
        {
            let verified = self.verified_with_keys(token).await?;
            // Last: the status of a token that is refused anyway is nobody's business (§8.3 of the draft).
            if let Some(statuses) = &self.inner.statuses {
                statuses.check(verified.status_reference(), self.now()).await?;
            }
            Ok(verified)
        }
    }

    #[cfg(feature = "remote")]
    async fn verified_with_keys(&self, token: &str) -> Result<Arc<Remembered>, AuthError> {
        let result = self.verified_now(token);
        if let Some(remote) = self.inner.remote.as_ref().filter(|_| self.may_have_new_keys(token, &result)) {
            remote.ask().await;
            return self.verified_now(token);
        }
        result
    }

    /// Decides whether asking the issuer can turn the refusal into a principal. Cheap checks first: strangers come here.
    #[cfg(feature = "remote")]
    fn may_have_new_keys(&self, token: &str, result: &Result<Arc<Remembered>, AuthError>) -> bool {
        let key_is_missing = matches!(
            result,
            Err(AuthError::Rejected(Rejection::UnknownKey { .. }) | AuthError::KeysUnavailable { .. })
        );
        if !key_is_missing {
            return false;
        }
        let allowed = self.inner.validator.algorithms();
        let Ok(token) = self.inner.nested.unverified(token) else { return false };
        UnverifiedToken::parse(&token)
            .is_ok_and(|token| allowed.iter().any(|alg| alg.name() == token.unverified_alg()))
    }

    fn verified_now(&self, token: &str) -> Result<Arc<Remembered>, AuthError> {
        let now = self.now();
        let (verified, passes) = match self.remembered(token, now) {
            Some(found) => found,
            None => (self.verified_anew(token, now)?, false),
        };
        if !passes {
            self.check_revocations(&verified, now)?;
        }
        Ok(verified)
    }

    /// Returns what was found out about the token before, and whether that it passes the revocation list is clear at once.
    fn remembered(&self, token: &str, now: UnixTime) -> Option<(Arc<Remembered>, bool)> {
        let passes = |verified: &Verified| self.passes_at_once(verified, now);
        self.inner.cache.as_ref()?.find(token, self.inner.keys.generation(), now, passes)
    }

    fn passes_at_once(&self, verified: &Verified, now: UnixTime) -> bool {
        self.inner.revocations.passes_at_once(verified.rev(), verified.memo(), self.when_silent, now)
    }

    fn verified_anew(&self, token: &str, now: UnixTime) -> Result<Arc<Remembered>, AuthError> {
        let keys = self.inner.keys.load();
        let verified = self.checked(token, &keys.keys, now)?;
        let Some(cache) = &self.inner.cache else { return Ok(Remembered::without_token(verified)) };
        let registered = verified.registered();
        // The first second at which the token was valid, by the claims that the validator goes by.
        let from = registered.iat().unwrap_or_default().max(registered.nbf().unwrap_or_default());
        let leeway = self.inner.leeway;
        let (from, until) = (from.saturating_sub(leeway), registered.exp().saturating_add(leeway));
        Ok(cache.insert(token, verified, Validity::new(keys.number, from, until), now))
    }

    fn checked(
        &self,
        token: &str,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<VerifiedToken<Identity>, AuthError> {
        let token = self.inner.nested.unverified(token)?;
        let checked = self.inner.validator.verify(&token, keys, now);
        #[cfg(feature = "remote")]
        if let (Some(remote), Err(Rejection::UnknownKey { .. } | Rejection::MissingKeyId { .. })) =
            (&self.inner.remote, &checked)
        {
            // The issuer may have a key that we could not fetch: saying "invalid" would sign an honest user out.
            if keys.is_empty() || remote.is_failing() {
                return Err(AuthError::KeysUnavailable { retry_after: remote.retry_after() });
            }
        }
        Ok(checked?)
    }

    /// Every token goes through this, remembered or not.
    fn check_revocations(&self, verified: &Verified, now: UnixTime) -> Result<(), AuthError> {
        if self.passes_at_once(verified, now) {
            return Ok(());
        }
        let (revocations, memo, policy) = (&self.inner.revocations, verified.memo(), self.when_silent);
        match revocations.check(&verified.token_identity(), memo, policy, now) {
            Verdict::Pass => Ok(()),
            Verdict::Dead => Err(AuthError::Revoked),
            Verdict::Stale { retry_after } => {
                Err(AuthError::Stale { retry_after: Some(retry_after).filter(|wait| !wait.is_zero()) })
            }
            Verdict::Unavailable { retry_after } => Err(AuthError::RevocationsUnavailable { retry_after }),
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("validator", &self.inner.validator).finish_non_exhaustive()
    }
}
