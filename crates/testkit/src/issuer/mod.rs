//! An issuer in process: real keys, real tokens, real revocations, and a clock the test moves.

mod builder;
mod clock;
mod invalid;
pub(crate) mod log;
pub(crate) mod minted;
mod token;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use handstamp_api_types::Rev;
use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};
use handstamp_token::{Algorithm, Jwks, KeySet, Rejection, SigningKey, UnixTime, UnverifiedToken, dangerous};
use handstamp_verify::revocation::{Revocations, SilencePolicy};
use handstamp_verify::{Clock as _, SharedKeys, Verifier, VerifierBuilder};

pub use builder::TestIssuerBuilder;
pub use clock::TestClock;
pub use invalid::InvalidToken;
use log::Log;
use minted::Minted;
pub use token::TestToken;

/// An issuer for tests, in this process. Nothing of it is fake but the clock: its tokens pass a real verifier, and its bad ones
/// are refused by it.
///
/// Clones are the same issuer. Each test can have its own: making one takes the time of making a key.
///
/// ```
/// use std::time::Duration;
///
/// use handstamp_testkit::TestIssuer;
///
/// let issuer = TestIssuer::start();
/// let verifier = issuer.verifier();
///
/// let token = issuer.token().sub("ann").role("admin").org("acme").mint();
/// assert_eq!(verifier.try_verify(&token)?.sub(), "ann");
///
/// issuer.disable_account("ann");
/// assert_eq!(verifier.try_verify(&token).unwrap_err().code().as_str(), "token_revoked");
///
/// let later = issuer.token().sub("bob").expires_in(Duration::from_mins(5)).mint();
/// issuer.advance(Duration::from_mins(6));
/// assert_eq!(verifier.try_verify(&later).unwrap_err().code().as_str(), "token_expired");
/// # Ok::<(), handstamp_verify::AuthError>(())
/// ```
#[derive(Clone)]
pub struct TestIssuer {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    algorithm: Algorithm,
    clock: Arc<TestClock>,
    /// The last one signs; the others verify what they have signed.
    signing: Mutex<Vec<SigningKey>>,
    keys: SharedKeys,
    log: Mutex<Log>,
    revocations: Revocations,
    minted: Mutex<Minted>,
    counter: AtomicU64,
    #[cfg(feature = "http")]
    pub(crate) http: crate::http::State,
}

/// How long a token lives that says nothing else: as long as those of the auth service.
pub(crate) const LIFETIME: Duration = Duration::from_mins(10);

impl TestIssuer {
    /// Starts an issuer with the name `https://issuer.test`, ES256, for the audience `test-service`. Nothing listens anywhere.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Starts one with other names, another algorithm, or with a listener for services in other processes.
    pub fn builder() -> TestIssuerBuilder {
        TestIssuerBuilder::default()
    }

    /// Starts a token. It is for this issuer's audience and lives ten minutes, unless said otherwise.
    pub fn token(&self) -> TestToken {
        TestToken::new(self.clone())
    }

    /// Returns a verifier that trusts this issuer, for its audience. It goes by the issuer's clock and hears of every revocation
    /// at once, without a network.
    pub fn verifier(&self) -> Verifier {
        let verifier = self.verifier_builder().build_with_keys(self.keys());
        // Everything is said that has no default, and one audience is one too many for no error.
        verifier.expect("the verifier of a test issuer can be built")
    }

    /// Returns the beginnings of that verifier, for a service that sets more: a cookie's name, allowed origins. Build it with
    /// [`keys`](Self::keys).
    pub fn verifier_builder(&self) -> VerifierBuilder {
        Verifier::builder(self.url())
            .audience(self.audience())
            .algorithms(&[self.algorithm()])
            .clock(self.clock())
            .revocations(self.inner.revocations.clone(), SilencePolicy::refuse())
    }

    /// Returns the issuer's name, as in the tokens' `iss`. With a listener this is its address.
    pub fn url(&self) -> &str {
        &self.inner.issuer
    }

    /// Returns whom tokens are for that say nothing else.
    pub fn audience(&self) -> &str {
        &self.inner.audience
    }

    /// Returns the algorithm of the keys.
    pub fn algorithm(&self) -> Algorithm {
        self.inner.algorithm
    }

    /// Returns the keys that verify, as verifiers of this process take them. They change with [`rotate_key`](Self::rotate_key).
    pub fn keys(&self) -> SharedKeys {
        self.inner.keys.clone()
    }

    /// Returns the public keys, as the issuer publishes them.
    pub fn jwks(&self) -> Jwks {
        self.inner.keys.keys().to_jwks()
    }

    /// Returns the key that signs.
    pub fn signing_key(&self) -> SigningKey {
        let keys = self.inner.signing.lock().unwrap_or_else(PoisonError::into_inner);
        // The issuer begins with one, and none is ever taken away.
        keys.last().cloned().expect("a test issuer has a key")
    }

    /// Returns the key that has signed a token, which need not be the one that signs now.
    fn key_that_signed(&self, token: &str) -> Result<SigningKey, Rejection> {
        let kid = UnverifiedToken::parse(token)?.unverified_kid().unwrap_or_default().to_owned();
        let keys = self.inner.signing.lock().unwrap_or_else(PoisonError::into_inner);
        let key = keys.iter().find(|key| key.key_id().as_str() == kid).cloned();
        let key = key.ok_or(Rejection::UnknownKey { kid })?;
        dangerous::verify_signature_only(token, &key.verifying_key())?;
        Ok(key)
    }

    /// Signs with a new key from now on. What the ones before have signed stays good.
    pub fn rotate_key(&self) -> SigningKey {
        let key = builder::new_key(self.algorithm());
        let mut keys = self.inner.signing.lock().unwrap_or_else(PoisonError::into_inner);
        keys.push(key.clone());
        let all = KeySet::new(keys.iter().map(SigningKey::verifying_key));
        // Drawn keys of one algorithm, each with its own thumbprint as its id.
        self.inner.keys.replace(all.expect("keys of one kind go together"));
        key
    }

    /// Returns the clock, for a service that asks it too.
    pub fn clock(&self) -> Arc<TestClock> {
        Arc::clone(&self.inner.clock)
    }

    /// Returns the time by this clock.
    pub fn now(&self) -> UnixTime {
        self.inner.clock.now()
    }

    /// Moves the clock on. Verifiers have news from then: nothing was revoked meanwhile.
    pub fn advance(&self, time: Duration) {
        self.inner.clock.shift(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
        self.log().beat(self.now());
    }

    /// Moves the clock on while no news of revocations arrive, as when the network is down. What a service does then is its
    /// [`SilencePolicy`].
    pub fn advance_in_silence(&self, time: Duration) {
        self.inner.clock.shift(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
        self.log().pass(self.now());
    }

    /// Moves the clock by seconds, which may be negative. A log has no way back: its news stays as new as it was.
    #[cfg(feature = "http")]
    pub(crate) fn shift_clock(&self, seconds: i64) {
        self.inner.clock.shift(seconds);
        self.log().beat(self.now());
    }

    /// Takes back one token, by its `jti`.
    ///
    /// # Errors
    ///
    /// What is no token with a `jti` cannot be taken back.
    pub fn revoke_token(&self, token: &str) -> Result<Rev, Rejection> {
        let decoded = dangerous::decode_unverified(token)?;
        let claims: serde_json::Value = serde_json::from_str(&decoded.unverified_payload).unwrap_or_default();
        let jti = claims.get("jti").and_then(serde_json::Value::as_str);
        let jti = jti.ok_or(Rejection::MissingClaim { claim: "jti" })?;
        Ok(self.revoke(RevocationLevel::Token, jti, RevocationKind::Dead))
    }

    /// Ends a session, by its `sid`: as when somebody signs out.
    pub fn end_session(&self, sid: &str) -> Rev {
        self.revoke(RevocationLevel::Session, sid, RevocationKind::Dead)
    }

    /// Disables an account, by its `sub`: its tokens are over.
    pub fn disable_account(&self, sub: &str) -> Rev {
        self.revoke(RevocationLevel::Subject, sub, RevocationKind::Dead)
    }

    /// Says that somebody's roles or organisation have changed: their tokens are stale, and new ones are good.
    pub fn change_claims(&self, sub: &str) -> Rev {
        self.revoke(RevocationLevel::Subject, sub, RevocationKind::Stale)
    }

    /// Writes any event into the revocation log. Tokens minted before it are hit, those minted later are not.
    pub fn revoke(&self, level: RevocationLevel, value: &str, kind: RevocationKind) -> Rev {
        let now = self.now();
        let rev = self.log().write(level, value, kind, now);
        self.minted().revoke(level, value, kind, rev);
        #[cfg(feature = "http")]
        self.inner.http.announce(self, rev.seq);
        rev
    }

    /// Says that nothing else has happened up to now, so that a running clock is no silence.
    #[cfg(feature = "http")]
    pub(crate) fn beat(&self) {
        self.log().beat(self.now());
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.inner.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn minted(&self) -> MutexGuard<'_, Minted> {
        self.inner.minted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(feature = "http")]
    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// Returns a number that no other part of this issuer has.
    fn count(&self) -> u64 {
        self.inner.counter.fetch_add(1, Ordering::Relaxed)
    }
}

impl fmt::Debug for TestIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestIssuer")
            .field("url", &self.inner.issuer)
            .field("audience", &self.inner.audience)
            .field("algorithm", &self.inner.algorithm)
            .finish_non_exhaustive()
    }
}
