use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use handstamp_api_types::ErrorCode;
use handstamp_core::store::{Store, StoreError};
use jiff::{SignedDuration, Timestamp};

use crate::{Clock, problem::ApiError};

/// A clock that is further off than this mints tokens that others refuse or take for too long, and notes times by which another
/// replica takes a refresh for a theft.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(1);

/// Another replica may have the right time at once.
const AGAIN: Duration = Duration::from_secs(1);

/// Whether this machine's clock agreed with the database's when they were compared last.
///
/// All replicas go by the database's. One whose clock is off answers nobody until it is right again: what it would say of a token
/// is wrong, and what it would write down is believed by the others.
#[derive(Debug, Default)]
pub(crate) struct RightTime {
    is_off: AtomicBool,
}

impl RightTime {
    /// Fails while the clocks differ.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        if !self.is_off.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::Unavailable)
            .retry_after(AGAIN)
            .detail("This machine's clock and the database's differ by more than a second."))
    }

    /// Returns whether they differ.
    pub(crate) fn is_off(&self) -> bool {
        self.is_off.load(Ordering::Relaxed)
    }

    /// Compares the clocks. As long as the database does not answer, what was found before holds.
    pub(crate) async fn compare(&self, store: &dyn Store, clock: &dyn Clock) -> Result<(), StoreError> {
        let asked = clock.now();
        let theirs = store.clock().await?;
        let off_by = distance(theirs, asked, clock.now());
        let is_off = off_by > TOLERANCE;
        let off_by_ms = off_by.as_millis();
        match (self.is_off.swap(is_off, Ordering::Relaxed), is_off) {
            (false, true) => tracing::error!(
                off_by_ms,
                "this machine's clock and the database's differ: nobody is answered until they agree"
            ),
            (true, false) => tracing::info!(off_by_ms, "this machine's clock and the database's agree again"),
            _ => {}
        }
        Ok(())
    }
}

/// Returns how far a moment is from the time in which it was told: an answer that was long on its way makes no clock wrong.
fn distance(theirs: Timestamp, asked: Timestamp, answered: Timestamp) -> SignedDuration {
    let early = asked.duration_since(theirs);
    let late = theirs.duration_since(answered);
    early.max(late).max(SignedDuration::ZERO)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use handstamp_core::test_support::{FixedClock, MemoryStore};
    use jiff::{SignedDuration, Timestamp};

    use super::{RightTime, distance};
    use crate::Clock;

    struct Machine(FixedClock);

    impl Clock for Machine {
        fn now(&self) -> Timestamp {
            self.0.now()
        }
    }

    #[tokio::test]
    async fn a_clock_that_is_set_right_is_believed_again() {
        let (right_time, machine) = (RightTime::default(), Machine(FixedClock::new()));
        let store = MemoryStore::new(FixedClock::new());
        machine.0.advance(Duration::from_mins(1));
        right_time.compare(&store, &machine).await.unwrap();
        assert!(right_time.is_off() && right_time.check().is_err());

        machine.0.rewind(Duration::from_mins(1));
        right_time.compare(&store, &machine).await.unwrap();

        assert!(!right_time.is_off() && right_time.check().is_ok());
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_answer_that_was_long_on_its_way_makes_no_clock_wrong() {
        for theirs in [100, 103, 107] {
            assert_eq!(distance(at(theirs), at(100), at(107)), SignedDuration::ZERO);
        }
    }

    #[test]
    fn a_clock_ahead_and_one_behind_are_off_by_what_lies_between() {
        assert_eq!(distance(at(90), at(100), at(101)), SignedDuration::from_secs(10));
        assert_eq!(distance(at(161), at(100), at(101)), SignedDuration::from_secs(60));
    }
}
