use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::cache::Cache;
use super::fetch::Endpoint;
use super::{Inner, ProfileSource};
use crate::CacheLimits;
use crate::clock::{Clock, SystemClock};
use crate::http_client::PlainHttp;
use crate::revocation::Revocations;
use crate::source::{self, SourceBuildError};
use crate::token_source::TokenSource;

/// A user waits for it.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Some kilobytes each: a few thousand large ones, or all of ten thousand small ones.
const LIMITS: CacheLimits = CacheLimits { entries: 10_000, bytes: 16 * 1024 * 1024 };
/// As long as the auth service says, which is as long as a token lives.
const MAX_AGE: Duration = Duration::MAX;
const STALE_FOR: Duration = Duration::from_mins(10);

/// Makes a [`ProfileSource`].
#[must_use = "a builder does nothing until `build`"]
pub struct ProfileSourceBuilder {
    issuer: String,
    tokens: TokenSource,
    revocations: Revocations,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    limits: CacheLimits,
    max_age: Duration,
    stale_for: Duration,
    plain_http: PlainHttp,
}

impl ProfileSourceBuilder {
    pub(super) fn new(issuer: String, tokens: TokenSource, revocations: Revocations) -> Self {
        Self {
            issuer,
            tokens,
            revocations,
            clock: Arc::new(SystemClock),
            timeout: TIMEOUT,
            limits: LIMITS,
            max_age: MAX_AGE,
            stale_for: STALE_FOR,
            plain_http: PlainHttp::Loopback,
        }
    }

    /// Sets where the time comes from. Default: [`SystemClock`].
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how long the auth service may take to answer. Default: 5 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how much is kept at most. Default: 10,000 users in 16 MiB. When there are more, those that were asked for longest ago
    /// are forgotten.
    pub fn limits(mut self, limits: CacheLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how old a profile may get before it is asked for again, however quiet the feed is. Default, and never longer than: what
    /// the auth service says.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Sets for how long a profile goes on after that while the auth service is away. Default: 10 minutes.
    pub fn stale_for(mut self, time: Duration) -> Self {
        self.stale_for = time;
        self
    }

    /// Reads profiles over plain http from another machine: whoever stands between reads along, and has the service's token.
    pub fn dangerous_plain_http(mut self) -> Self {
        self.plain_http = PlainHttp::Anywhere;
        self
    }

    /// Builds the source. Nothing is asked before the first profile is needed.
    pub fn build(self) -> Result<ProfileSource, SourceBuildError> {
        let audience = format!("{}/profiles", self.issuer.trim_end_matches('/'));
        let (base, http) = source::below(&self.issuer, "/profiles", self.timeout, self.plain_http)?;
        let inner = Inner {
            endpoint: Endpoint { base, audience, http, tokens: self.tokens },
            cache: Cache::new(self.limits),
            revocations: self.revocations,
            clock: self.clock,
            max_age: self.max_age,
            stale_for: self.stale_for,
            away: Mutex::new(None),
        };
        Ok(ProfileSource { inner: Arc::new(inner) })
    }
}
