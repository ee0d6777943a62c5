use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use handstamp_server::Clock;
use jiff::Timestamp;

/// A clock that only moves by hand and only forward: sessions become ready for their next rotation without waiting.
#[derive(Clone, Debug)]
pub struct HandClock(Arc<AtomicI64>);

impl HandClock {
    /// Starts at the true time, so that tokens are good for verifiers that read the system's clock.
    pub fn at_true_time() -> Self {
        Self(Arc::new(AtomicI64::new(Timestamp::now().as_millisecond())))
    }

    /// Moves on to a time, unless it is there already.
    pub fn move_to(&self, time: Timestamp) {
        self.0.fetch_max(time.as_millisecond(), Ordering::Relaxed);
    }

    /// Keeps to the true time for as long as the current runtime runs: verifiers elsewhere judge the age of news by it.
    pub fn follow_true_time(&self) {
        let clock = self.clone();
        tokio::spawn(async move {
            loop {
                clock.move_to(Timestamp::now());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap_or(Timestamp::MAX)
    }
}
