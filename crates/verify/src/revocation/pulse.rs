use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use handstamp_api_types::Rev;
use handstamp_token::UnixTime;

use super::marks::Order;

/// How fresh the news is, kept where a request reads it without waiting and without asking a clock of its own.
///
/// All times are whole seconds and rounded so that news never looks fresher than it is.
#[derive(Debug)]
pub(super) struct Pulse {
    /// The service's own wall clock at the moment for which the list is known to be complete.
    heard_at: AtomicI64,
    /// How far the issuer's clock is ahead of ours.
    issuer_ahead: AtomicI64,
    /// How far the log has been followed.
    followed: AtomicU64,
    /// The newest position that a token showed and we have not reached.
    wanted: AtomicU64,
    /// The furthest position beyond ours that a token ever showed.
    shown: Mutex<Option<Rev>>,
    served_silent: AtomicU64,
}

const NEVER: i64 = i64::MIN;

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            heard_at: AtomicI64::new(NEVER),
            issuer_ahead: AtomicI64::new(0),
            followed: AtomicU64::new(0),
            wanted: AtomicU64::new(0),
            shown: Mutex::new(None),
            served_silent: AtomicU64::new(0),
        }
    }

    /// Notes that `age` ago the list was complete and the issuer's clock showed `issuer_ms` less that age.
    pub(super) fn beat(&self, wall: UnixTime, age: Duration, issuer_ms: u64) {
        let age = i64::try_from(age.as_millis().div_ceil(1000)).unwrap_or(i64::MAX);
        self.heard_at.store(wall.as_secs().saturating_sub(age), Ordering::Relaxed);
        let issuer = i64::try_from(issuer_ms.div_ceil(1000)).unwrap_or(i64::MAX).saturating_add(1);
        self.issuer_ahead.store(issuer.saturating_sub(wall.as_secs()), Ordering::Relaxed);
    }

    /// Returns how old the news is, or nothing before the first news.
    #[inline]
    pub(super) fn age(&self, now: UnixTime) -> Option<Duration> {
        let heard_at = self.heard_at.load(Ordering::Relaxed);
        (heard_at != NEVER).then(|| now.saturating_since(UnixTime::from_secs(heard_at)))
    }

    #[inline]
    pub(super) fn is_silent(&self, now: UnixTime, max_stale: Duration) -> bool {
        self.age(now).is_none_or(|age| age >= max_stale)
    }

    /// Returns how long ago a token was issued, by the issuer's clock.
    pub(super) fn since_issue(&self, iat: UnixTime, now: UnixTime) -> Duration {
        let issuer_now = now.as_secs().saturating_add(self.issuer_ahead.load(Ordering::Relaxed));
        UnixTime::from_secs(issuer_now).saturating_since(iat)
    }

    pub(super) fn set_followed(&self, order: Order) {
        self.followed.store(order, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn is_behind(&self, token: Order) -> bool {
        token > self.followed.load(Ordering::Relaxed)
    }

    /// Notes that a token knows of more than we do. It is signed, so nobody makes this up.
    #[cold]
    pub(super) fn want(&self, order: Order, rev: Rev) {
        self.wanted.fetch_max(order, Ordering::Relaxed);
        // A request never waits: if another one is noting something just now, the next token will say it again.
        let Ok(mut shown) = self.shown.try_lock() else { return };
        if shown.is_none_or(|shown| (rev.epoch, rev.seq) > (shown.epoch, shown.seq)) {
            *shown = Some(rev);
        }
    }

    #[cfg(test)]
    pub(super) fn with_shown_held(&self, act: impl FnOnce()) {
        let _held = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        act();
    }

    /// Returns the furthest position that a token has shown while we were not there.
    pub(super) fn shown(&self) -> Option<Rev> {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether some token knows of more than we do.
    pub(super) fn wants_more(&self) -> bool {
        self.wanted.load(Ordering::Relaxed) > self.followed.load(Ordering::Relaxed)
    }

    /// Forgets what was wanted: the issuer was asked and knows nothing more.
    pub(super) fn settle(&self) {
        self.wanted.store(0, Ordering::Relaxed);
    }

    pub(super) fn count_served_silent(&self) {
        self.served_silent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn served_silent(&self) -> u64 {
        self.served_silent.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_is_never_understated() {
        let pulse = Pulse::new();
        pulse.beat(UnixTime::from_secs(1_000), Duration::from_millis(1_200), 1_000_000);

        assert_eq!(pulse.age(UnixTime::from_secs(1_000)), Some(Duration::from_secs(2)));
        assert!(!pulse.is_silent(UnixTime::from_secs(1_027), Duration::from_secs(30)));
        assert!(pulse.is_silent(UnixTime::from_secs(1_028), Duration::from_secs(30)));
    }

    #[test]
    fn before_the_first_news_it_is_silent() {
        assert!(Pulse::new().is_silent(UnixTime::from_secs(0), Duration::MAX));
    }

    #[test]
    fn a_clock_that_is_30_seconds_off_does_not_change_how_old_a_token_is() {
        for skew in [-30, 0, 30] {
            let pulse = Pulse::new();
            let wall = UnixTime::from_secs(1_000 + skew);
            pulse.beat(wall, Duration::ZERO, 1_000_000);

            let age = pulse.since_issue(UnixTime::from_secs(990), wall);
            assert!((10..=11).contains(&age.as_secs()), "{skew}: {age:?}");
        }
    }
}
