use std::time::Duration;

use jiff::Timestamp;

/// Which refresh token of a family: its generation, and the branch of that generation.
///
/// Rotation raises the generation. The branch rises only when an answer was lost and the generation is issued once more.
/// Steps are ordered as they were issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Step {
    /// How many rotations came before.
    pub generation: u32,
    /// How often this generation was issued anew.
    pub branch: u16,
}

impl Step {
    /// The step of the token handed out at sign-in.
    pub const FIRST: Self = Self { generation: 0, branch: 0 };

    /// No token at all: a step that no rotation reaches, for access tokens that prove nothing about a refresh token.
    pub const NONE: Self = Self { generation: u32::MAX, branch: u16::MAX };
}

/// Where a refresh family stands. Nothing but counters and times: tokens are derived, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RefreshState {
    /// The current generation.
    pub generation: u32,
    /// The current branch of that generation: more than 0 only after answers were lost.
    pub branch: u16,
    /// The branch of the generation before that was rotated into this one. `None` where that is not known: at sign-in
    /// there was none, and after a fast-forward the store has forgotten it.
    pub parent_branch: Option<u16>,
    /// When the current token was first issued.
    pub rotated_at: Timestamp,
    /// No answer that carries the current token was given after this: see [`RefreshState::handed_out`].
    pub handed_out_at: Timestamp,
    /// Whether an access token issued under the current token has come back: proof that it reached the client.
    pub confirmed: bool,
}

impl RefreshState {
    /// Returns the state of a family that begins.
    pub fn first(now: Timestamp, slack: Duration) -> Self {
        Self::issued(Step::FIRST, None, now, slack)
    }

    /// Returns the current step.
    pub const fn current(&self) -> Step {
        Step { generation: self.generation, branch: self.branch }
    }

    /// Returns whether a step is the one that was rotated into the current one.
    pub fn is_parent(&self, step: Step) -> bool {
        step.generation.checked_add(1) == Some(self.generation)
            && self.parent_branch.is_none_or(|branch| branch == step.branch)
    }

    /// Returns the state after a rotation, or `None` after four thousand million of them.
    pub fn rotated(&self, now: Timestamp, slack: Duration) -> Option<Self> {
        let next = Step { generation: self.generation.checked_add(1)?, branch: 0 };
        Some(Self::issued(next, Some(self.branch), now, slack))
    }

    /// Returns the state after the current generation was issued anew, or `None` when no branch is left.
    pub fn branched(&self, now: Timestamp, slack: Duration) -> Option<Self> {
        let next = Step { generation: self.generation, branch: self.branch.checked_add(1)? };
        Some(Self::issued(next, self.parent_branch, now, slack))
    }

    /// Returns the state that a token newer than the store's own is proof of.
    #[must_use]
    pub fn fast_forwarded(&self, to: Step, now: Timestamp, slack: Duration) -> Self {
        let parent = if to.generation == self.generation { self.parent_branch } else { None };
        Self::issued(to, parent, now, slack)
    }

    /// Returns the moment to note when the current token is handed out again at `now`, where that is news.
    ///
    /// It is noted a `slack` ahead, so that a storm of requests is covered by one note.
    pub fn handed_out(&self, now: Timestamp, slack: Duration) -> Option<Timestamp> {
        (now > self.handed_out_at).then(|| later(now, slack))
    }

    fn issued(step: Step, parent_branch: Option<u16>, now: Timestamp, slack: Duration) -> Self {
        Self {
            generation: step.generation,
            branch: step.branch,
            parent_branch,
            rotated_at: now,
            handed_out_at: later(now, slack),
            confirmed: false,
        }
    }
}

/// Returns the moment `by` after `at`; the last moment there is, where that lies beyond it.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
