use handstamp_core::model::{RefreshState, Step};
use jiff::{SignedDuration, Timestamp};

/// The moment every state of the model is seen at: when time passes, everything noted grows older instead.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_000_000, 0);

/// A [`RefreshState`] with ages in place of times. One tick is a nanosecond, so that the slack for storms, a tenth of the
/// client's time-out, rounds to nothing: the windows are as narrow as they ever are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Row {
    /// The current token.
    pub current: Step,
    /// The branch it came from, where that is known.
    pub parent_branch: Option<u16>,
    /// How many ticks ago it was first issued.
    pub rotated: u8,
    /// How many ticks ago it was last handed out.
    pub handed_out: u8,
    /// Whether it has reached the client.
    pub confirmed: bool,
}

impl Row {
    /// Reads a real state.
    pub(crate) fn of(state: &RefreshState) -> Self {
        Self {
            current: state.current(),
            parent_branch: state.parent_branch,
            rotated: age(state.rotated_at),
            handed_out: age(state.handed_out_at),
            confirmed: state.confirmed,
        }
    }

    /// Returns the real state.
    pub(crate) fn state(&self) -> RefreshState {
        RefreshState {
            generation: self.current.generation,
            branch: self.current.branch,
            parent_branch: self.parent_branch,
            rotated_at: ticks_ago(self.rotated),
            handed_out_at: ticks_ago(self.handed_out),
            confirmed: self.confirmed,
        }
    }
}

/// Returns the moment so many ticks ago.
pub(crate) fn ticks_ago(ticks: u8) -> Timestamp {
    NOW - SignedDuration::from_nanos(i64::from(ticks))
}

fn age(at: Timestamp) -> u8 {
    u8::try_from(NOW.as_nanosecond() - at.as_nanosecond()).expect("nothing is noted for later, or very old")
}
