use std::thread;
use std::time::{Duration, Instant};

use crate::connection::LONGEST_NAP;

/// How long a writer that shares the database writes without a pause while more work is queued.
const TURN: Duration = Duration::from_millis(10);

/// Longer than any nap of a connection that waits for the lock: whoever waits gets in.
const PAUSE: Duration = LONGEST_NAP.saturating_mul(2);

/// Leaves room for the other process.
///
/// SQLite's lock knows no queue: a writer that never pauses holds it all but some microseconds of the time, and the
/// writer of another process starves beside it.
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
        if !self.shared {
            return;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= TURN {
            thread::sleep(PAUSE);
            self.since = None;
        }
    }
}
