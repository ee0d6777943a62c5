//! Tokens, a clock moved by hand, and an issuer that misbehaves on request.

pub(crate) mod house;
pub(crate) mod issuer;
pub(crate) mod log;

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use handstamp_token::{Algorithm, KeySet, SigningKey, SystemEntropy, TokenBuilder, UnixTime};
use handstamp_verify::{Clock, SharedKeys, Verifier, VerifierBuilder};

pub(crate) const ISSUER: &str = "https://auth.example";
pub(crate) const NOW: i64 = 1_800_000_000;

/// One key for tests that do not care which: making keys is slow.
pub(crate) static KEY: LazyLock<SigningKey> = LazyLock::new(new_key);

pub(crate) fn new_key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

/// A clock that stands still until told to move.
#[derive(Debug)]
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(NOW)))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// A token of ten minutes for ada, buyer of the organisation acme, in the session s1.
pub(crate) fn ada() -> TokenBuilder {
    TokenBuilder::access_token(ISSUER, "orders")
        .subject("ada")
        .client_id("web")
        .lifetime(Duration::from_mins(10))
        .claim("sid", "s1")
        .claim("org_id", "acme")
        .claim("roles", ["buyer"])
        .claim("rev", "1.0")
}

/// A token for bob, who is in no organisation and has no role.
pub(crate) fn bob() -> TokenBuilder {
    TokenBuilder::access_token(ISSUER, "orders")
        .subject("bob")
        .lifetime(Duration::from_mins(10))
        .claim("rev", "1.0")
}

pub(crate) fn signed(token: TokenBuilder) -> String {
    signed_by(&KEY, token)
}

pub(crate) fn signed_by(key: &SigningKey, token: TokenBuilder) -> String {
    token.sign(key, UnixTime::from_secs(NOW), &SystemEntropy).unwrap().into_string()
}

pub(crate) fn key_set(keys: &[&SigningKey]) -> KeySet {
    KeySet::new(keys.iter().map(|key| key.verifying_key())).unwrap()
}

/// All that a verifier needs, and no care for revocations.
pub(crate) fn builder(clock: &Arc<HandClock>) -> VerifierBuilder {
    undecided(clock).without_revocations()
}

/// All that a verifier needs but a word on revocations.
pub(crate) fn undecided(clock: &Arc<HandClock>) -> VerifierBuilder {
    Verifier::builder(ISSUER).audience("orders").algorithms(&[Algorithm::Es256]).clock(Arc::clone(clock) as _)
}

/// A verifier with [`KEY`] at [`NOW`].
pub(crate) fn verifier() -> Verifier {
    builder(&HandClock::new()).build_with_keys(SharedKeys::new(key_set(&[&KEY]))).unwrap()
}
