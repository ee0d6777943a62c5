use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use handstamp_api_types::Rev;
use handstamp_token::UnixTime;

use super::pulse::Pulse;

/// How the revocation feed is doing: metric values, and what readiness depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedStatus {
    /// Whether the list was complete at some time. Before that no token passes, except under `ServeStale`.
    pub ready: bool,
    /// Whether revocations are looked at. False only after [`Revocations::insecure_off`](super::Revocations::insecure_off).
    pub on: bool,
    /// Whether an event stream is open now.
    pub connected: bool,
    /// How far the log was followed.
    pub position: Option<Rev>,
    /// How long ago the list was known to be complete, in whole seconds rounded up.
    pub age: Option<Duration>,
    /// How many selectors are held.
    pub events: usize,
    /// The memory they take, in bytes.
    pub bytes: usize,
    /// How often a stream was opened again after the first time.
    pub reconnects: u64,
    /// How often a missing event was noticed, and fetched.
    pub gaps: u64,
    /// How many batches were refused: forged, garbled, out of date, or not for us.
    pub refused: u64,
    /// How many events were widened for lack of room.
    pub coarsened: u64,
    /// How many tokens `ServeStale` let through while the feed was silent.
    pub served_silent: u64,
}

impl FeedStatus {
    /// Returns whether the list is complete and not older than `max_age`: whether the service is ready for traffic. One that
    /// does not look at revocations always is.
    ///
    /// With the bound of the strictest route a load balancer sends requests elsewhere before any is refused for want of news.
    pub fn is_fresh(&self, max_age: Duration) -> bool {
        !self.on || self.age.is_some_and(|age| self.ready && age < max_age)
    }

    pub(super) fn off() -> Self {
        Self {
            ready: true,
            on: false,
            connected: false,
            position: None,
            age: None,
            events: 0,
            bytes: 0,
            reconnects: 0,
            gaps: 0,
            refused: 0,
            coarsened: 0,
            served_silent: 0,
        }
    }
}

/// What the writer counts for the status.
#[derive(Debug, Default)]
pub(super) struct Counters {
    ready: AtomicBool,
    connected: AtomicBool,
    /// Written by the follower alone, a few times a second.
    position: Mutex<Option<Rev>>,
    events: AtomicUsize,
    bytes: AtomicUsize,
    connections: AtomicU64,
    gaps: AtomicU64,
    refused: AtomicU64,
    coarsened: AtomicU64,
}

impl Counters {
    pub(super) fn status(&self, pulse: &Pulse, now: UnixTime) -> FeedStatus {
        FeedStatus {
            ready: self.ready.load(Ordering::Relaxed),
            on: true,
            connected: self.connected.load(Ordering::Relaxed),
            position: *self.position.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
            age: pulse.age(now),
            events: self.events.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            reconnects: self.connections.load(Ordering::Relaxed).saturating_sub(1),
            gaps: self.gaps.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            coarsened: self.coarsened.load(Ordering::Relaxed),
            served_silent: pulse.served_silent(),
        }
    }

    pub(super) fn set_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    pub(super) fn set_position(&self, position: Option<Rev>) {
        *self.position.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = position;
    }

    #[cfg(test)]
    pub(super) fn with_position_held(&self, act: impl FnOnce()) {
        let _held = self.position.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        act();
    }

    pub(super) fn set_held(&self, events: usize, bytes: usize) {
        self.events.store(events, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn set_coarsened(&self, count: u64) {
        self.coarsened.store(count, Ordering::Relaxed);
    }

    pub(super) fn count_gap(&self) {
        self.gaps.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    #[cfg(feature = "remote")]
    pub(super) fn set_connected(&self, connected: bool) {
        self.connected.store(connected, Ordering::Relaxed);
        if connected {
            self.connections.fetch_add(1, Ordering::Relaxed);
        }
    }
}
