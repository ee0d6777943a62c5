use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use handstamp_token::{Algorithm, KeySet, SigningKey};
use handstamp_verify::{Clock as _, SharedKeys};

use super::clock::TestClock;
use super::log::Log;
use super::minted::Minted;
use super::{Inner, TestIssuer};

/// Starts a [`TestIssuer`] that differs from the usual one.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `start`"]
pub struct TestIssuerBuilder {
    issuer: String,
    audience: String,
    algorithm: Algorithm,
}

impl Default for TestIssuerBuilder {
    fn default() -> Self {
        Self {
            issuer: "https://issuer.test".to_owned(),
            audience: "test-service".to_owned(),
            algorithm: Algorithm::Es256,
        }
    }
}

impl TestIssuerBuilder {
    /// Sets the issuer's name. With a listener its address is the name.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.issuer = url.into();
        self
    }

    /// Sets whom tokens are for that say nothing else: the name the tested service goes by.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// Sets the algorithm of the keys. Default: ES256.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Starts the issuer in this process. Nothing listens anywhere, and its clock stands still until the test moves it.
    pub fn start(self) -> TestIssuer {
        self.start_with(TestClock::standing())
    }

    #[cfg(feature = "http")]
    pub(crate) fn start_running(self) -> TestIssuer {
        self.start_with(TestClock::running())
    }

    fn start_with(self, clock: TestClock) -> TestIssuer {
        let key = new_key(self.algorithm);
        let keys = KeySet::new([key.verifying_key()]).expect("one key is a set");
        let (log, revocations) = Log::new(&self.issuer, clock.now());
        TestIssuer {
            inner: Arc::new(Inner {
                issuer: self.issuer,
                audience: self.audience,
                algorithm: self.algorithm,
                clock: Arc::new(clock),
                signing: Mutex::new(vec![key]),
                keys: SharedKeys::new(keys),
                log: Mutex::new(log),
                revocations,
                minted: Mutex::new(Minted::default()),
                counter: AtomicU64::new(1),
                #[cfg(feature = "http")]
                http: crate::http::State::new(),
            }),
        }
    }
}

/// Draws a key. Without one there is nothing to test.
pub(super) fn new_key(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm).expect("the system draws a key")
}
