use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use handstamp_audit::Progress;

/// Faster than this nobody reads.
const REDRAW: Duration = Duration::from_millis(100);

/// How many boxes the bar has.
const WIDTH: usize = 24;

/// One line on stderr that says how far the audit is. Silent where nobody looks.
pub(super) struct Meter {
    is_seen: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    number: usize,
    of: usize,
    name: String,
    drawn: Option<Instant>,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self { is_seen: io::stderr().is_terminal(), state: Mutex::default() }
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        if self.is_seen {
            // A line on a closed terminal is nobody's loss, here and below.
            let _ = write!(io::stderr().lock(), "\r\u{1b}[K");
        }
    }
}

impl Progress for Meter {
    fn operation(&self, number: usize, of: usize, name: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.number, state.of) = (number, of);
        state.name = crate::output::printable(name);
    }

    fn request(&self, sent: u64, findings: usize) {
        if !self.is_seen {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.drawn.is_some_and(|drawn| drawn.elapsed() < REDRAW) {
            return;
        }
        state.drawn = Some(Instant::now());
        let done = state.number.saturating_sub(1) * WIDTH / state.of.max(1);
        let bar: String = (0..WIDTH).map(|at| if at < done { '█' } else { '░' }).collect();
        let State { number, of, name, .. } = &*state;
        let _ = write!(
            io::stderr().lock(),
            "\r\u{1b}[K{bar} {number}/{of}  {sent} requests, {findings} found  {name:.60}"
        );
    }
}
