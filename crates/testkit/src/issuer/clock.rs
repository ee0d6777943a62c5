use std::sync::atomic::{AtomicI64, Ordering};

use handstamp_token::UnixTime;
use handstamp_verify::{Clock, SystemClock};

/// The time of a [`TestIssuer`](super::TestIssuer), which the test moves.
#[derive(Debug)]
pub struct TestClock {
    /// The machine's time when the clock was made, if it stands still between moves.
    standing: Option<i64>,
    moved: AtomicI64,
}

impl TestClock {
    /// Begins at the machine's time and stands still, so that nothing in a test hangs on how long it takes.
    pub(super) fn standing() -> Self {
        Self { standing: Some(SystemClock.now().as_secs()), moved: AtomicI64::new(0) }
    }

    /// Goes with the machine's clock: services in other processes have no other.
    #[cfg(feature = "http")]
    pub(super) fn running() -> Self {
        Self { standing: None, moved: AtomicI64::new(0) }
    }

    pub(super) fn shift(&self, seconds: i64) {
        // Saturating: a test that moves the clock to the end of time and beyond still has a clock.
        let _ = self
            .moved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |moved| Some(moved.saturating_add(seconds)));
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixTime {
        let base = self.standing.unwrap_or_else(|| SystemClock.now().as_secs());
        UnixTime::from_secs(base.saturating_add(self.moved.load(Ordering::Relaxed)))
    }
}
