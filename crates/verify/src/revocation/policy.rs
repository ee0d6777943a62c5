use std::time::Duration;

/// What to do while the revocation feed is silent, so that news may be missing. Every service chooses; there is no default.
///
/// All three refuse what is known to be revoked. They differ in what happens to a token that nothing is known against, once the
/// newest news is older than `max_stale`, and in how long a revoked token is accepted at worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SilencePolicy {
    /// Accept only tokens issued within `max_stale`, and have the others refreshed. Clients that still reach the auth
    /// service go on; a revoked one cannot refresh. Worst case: `max_stale`.
    YoungOnly {
        /// How old the news may be.
        max_stale: Duration,
    },
    /// Accept nothing (503), for routes where sign-out beats availability. Worst case: `max_stale`.
    Refuse {
        /// How old the news may be.
        max_stale: Duration,
    },
    /// Go on, with a warning in the log and a count in the [status](super::FeedStatus). Also accepts tokens before the first
    /// snapshot has arrived. Worst case: the token's expiry.
    ServeStale {
        /// How old the news may be before it is counted.
        max_stale: Duration,
    },
}

impl SilencePolicy {
    /// The bound the constructors set: 30 seconds.
    ///
    /// Heartbeats come every two seconds and three may be missed, so a bound below ten seconds would act on hiccups.
    pub const MAX_STALE: Duration = Duration::from_secs(30);

    /// Returns [`YoungOnly`](Self::YoungOnly) with a bound of 30 seconds.
    pub const fn young_only() -> Self {
        Self::YoungOnly { max_stale: Self::MAX_STALE }
    }

    /// Returns [`Refuse`](Self::Refuse) with a bound of 30 seconds.
    pub const fn refuse() -> Self {
        Self::Refuse { max_stale: Self::MAX_STALE }
    }

    /// Returns [`ServeStale`](Self::ServeStale) with a bound of 30 seconds.
    pub const fn serve_stale() -> Self {
        Self::ServeStale { max_stale: Self::MAX_STALE }
    }

    /// Returns the bound.
    pub const fn max_stale(self) -> Duration {
        match self {
            Self::YoungOnly { max_stale } | Self::Refuse { max_stale } | Self::ServeStale { max_stale } => {
                max_stale
            }
        }
    }
}

/// What the revocation check says about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a token that did not pass must not be accepted"]
pub enum Verdict {
    /// Nothing is known against it.
    Pass,
    /// Its claims are out of date: 401 `token_stale`.
    Stale {
        /// When to refresh; zero for at once. Spread over seconds where many tokens are stale at the same time.
        retry_after: Duration,
    },
    /// It was taken back: 401 `token_revoked`.
    Dead,
    /// Nothing can be said: 503 `unavailable`.
    Unavailable {
        /// When to try again.
        retry_after: Duration,
    },
}
