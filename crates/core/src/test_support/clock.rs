use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;

/// A clock that stands still until it is moved. Clones show the same time.
#[derive(Debug, Clone)]
pub struct FixedClock(Arc<AtomicI64>);

impl FixedClock {
    /// Returns a clock that shows 2026-11-22 12:00:00 UTC.
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_795_348_800_000)))
    }

    /// Returns what it shows.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).expect("tests stay within the calendar")
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).expect("tests stay within the calendar");
        self.0.fetch_add(by, Ordering::SeqCst);
    }

    /// Moves it back.
    pub fn rewind(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).expect("tests stay within the calendar");
        self.0.fetch_sub(by, Ordering::SeqCst);
    }
}

impl Default for FixedClock {
    fn default() -> Self {
        Self::new()
    }
}
