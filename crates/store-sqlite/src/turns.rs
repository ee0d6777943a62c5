use std::thread;
use std::time::{Duration, Instant};

use crate::connection::LONGEST_NAP;

/// How long a writer that shares the database writes without a pause while more work is queued.
const TURN: Duration = Duration::from_millis(10);

/// Longer than any nap of a connection that waits for the lock: whoever waits gets in.
const PAUSE: Duration = LONGEST_NAP.saturating_mul(2);

/// Leaves room for the other process.
///
/// SQLite's lock knows no queue, and a busy writer lets go of it for some microseconds at a time. Of two busy services
/// the unluckiest unit waited 350 ms for its turn; with these pauses it is 65 ms.
pub(crate) struct Turns {
    shared: bool,
    since: Option<Instant>,
}

impl Turns {
    /// Starts. Nobody is given way to unless the database is shared.
    pub(crate) fn new(shared: bool) -> Self {
        Self { shared, since: None }
    }

    /// Notes that the writer had nothing to do, so that others had their chance.
    pub(crate) fn idle(&mut self) {
        self.since = None;
    }

    /// Pauses if the turn is over.
    pub(crate) fn next(&mut self) {
        if self.is_over(Instant::now()) {
            thread::sleep(PAUSE);
        }
    }

    /// Returns whether the turn is over. The next one then begins with the next batch.
    fn is_over(&mut self, now: Instant) -> bool {
        let since = *self.since.get_or_insert(now);
        let is_over = self.shared && now.duration_since(since) >= TURN;
        if is_over {
            self.since = None;
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_writer_pauses_once_a_turn_when_it_shares() {
        let (mut turns, start) = (Turns::new(true), Instant::now());
        assert!(!turns.is_over(start));
        assert!(!turns.is_over(start + TURN / 2));
        assert!(turns.is_over(start + TURN));
        assert!(!turns.is_over(start + TURN));
        assert!(turns.is_over(start + 2 * TURN));
    }

    #[test]
    fn a_writer_that_was_idle_has_paused_enough() {
        let (mut turns, start) = (Turns::new(true), Instant::now());
        assert!(!turns.is_over(start));
        turns.idle();
        assert!(!turns.is_over(start + TURN));
    }

    #[test]
    fn a_writer_that_does_not_share_never_pauses() {
        let (mut turns, start) = (Turns::new(false), Instant::now());
        assert!(!turns.is_over(start));
        assert!(!turns.is_over(start + 10 * TURN));
    }
}
