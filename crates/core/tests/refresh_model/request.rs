use handstamp_core::model::Step;

use super::{row::Row, world::Rules};

/// One refresh request of the victim, wherever it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Request {
    /// How many ticks ago it set out.
    pub age: u8,
    /// The refresh token it carries.
    pub token: Step,
    /// Where it is.
    pub phase: Phase,
}

impl Request {
    /// Returns whether the service has dropped it. What it was writing may still be written.
    pub(crate) fn is_dropped(&self, rules: &Rules) -> bool {
        matches!(self.phase, Phase::Arrived { since, .. } if since > rules.service_timeout)
    }
}

/// Where a request is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// On its way to a replica.
    Sent,
    /// A replica has read the row and decided. It has yet to write.
    Arrived {
        /// How many ticks ago it arrived: the time the replica decides by.
        since: u8,
        /// The row that was read.
        read: Read,
    },
    /// The answer is on its way.
    Answered {
        /// The refresh token it hands out, if any.
        refresh: Option<Step>,
        /// Under which refresh token its access token was issued.
        access: Step,
        /// Whether it was given outside every window.
        late: bool,
    },
}

/// A row as a replica has read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Read {
    /// The row.
    pub row: Row,
    /// Whether the session was ended.
    pub ended: bool,
}
