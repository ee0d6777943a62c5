//! What becomes of a presented refresh token: a pure function of the session, the token's step and the time.
//!
//! Two moments after a rotation matter. Until the end of the *grace time* the parent brings the successor again. Until the
//! family has *settled*, nobody is judged and nothing moves: requests that set out before the client had the successor,
//! and answers that carry it, may still be under way. Afterwards an honest client can hold nothing but the current token
//! or, when the answer was lost, its parent, so that every other token is in somebody else's hands. The reasons are in
//! `docs/decisions/003-refresh-settling.md`; the model in `tests/refresh_model` walks every interleaving.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::{
    model::{EndReason, RefreshState, Session, SessionState, Step, later},
    settings::SessionSettings,
    store::Durability,
};

/// What to do with a refresh token whose MAC is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The session was ended by somebody.
    Ended(EndReason),
    /// The session has run out, and nobody has noted it yet.
    RunOut,
    /// The current token, too soon for a rotation: it stays, and comes with a fresh access token. Nothing is written.
    Unchanged,
    /// The current token is handed out again to the holder of an older one.
    Repeat {
        /// The moment to note with [`RefreshState::handed_out_at`], where the last note does not cover it.
        note: Option<Timestamp>,
    },
    /// A straggler: a fresh access token, and no refresh token at all, so that it can overwrite none. Nothing is written.
    Hold,
    /// The current token, in its time: on to the next generation.
    Rotate(RefreshState),
    /// The parent, and its successor never reached the client: the generation is issued once more.
    Branch(RefreshState),
    /// Newer than the store knows, and only we can have made it: the store has lost rotations.
    FastForward(RefreshState),
    /// A token that only a thief, or the victim of one, can still hold.
    Theft(TheftSign),
}

/// What gave a theft away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TheftSign {
    /// The parent came back although its successor had reached the client.
    ParentAfterConfirmation,
    /// A branch came back although it had been replaced.
    RetiredBranch,
    /// A token older than the parent came back.
    OlderThanParent,
}

impl TheftSign {
    /// Returns the sign in words, for the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ParentAfterConfirmation => {
                "the parent came back although its successor had reached the client"
            }
            Self::RetiredBranch => "a branch came back that had been replaced",
            Self::OlderThanParent => "a token older than the parent came back",
        }
    }
}

/// What happened to the refresh family. Each is a metric of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IssuedKind {
    /// Sign-in: the family begins.
    New,
    /// The next generation.
    Rotated,
    /// The successor again, for somebody who came with its parent.
    Repeated,
    /// The current token stays: it came too soon for a rotation.
    Unchanged,
    /// A straggler came with an older token: it gets an access token, and its cookie jar is left alone.
    Held,
    /// The last answer was lost: the generation was issued once more.
    Branched,
    /// The store had lost rotations, and caught up.
    FastForwarded,
}

impl IssuedKind {
    /// Returns the kind's stable name, for metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Rotated => "rotated",
            Self::Repeated => "repeated",
            Self::Unchanged => "unchanged",
            Self::Held => "held",
            Self::Branched => "branched",
            Self::FastForwarded => "fast_forwarded",
        }
    }

    /// Returns whether the answer hands out a refresh token that the client does not hold yet.
    pub const fn hands_out_refresh(self) -> bool {
        match self {
            Self::New | Self::Rotated | Self::Repeated | Self::Branched => true,
            Self::Unchanged | Self::Held | Self::FastForwarded => false,
        }
    }
}

/// What a decision answers, where it answers with tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// What happened.
    pub kind: IssuedKind,
    /// The step that the tokens of the answer are issued under.
    pub step: Step,
}

impl Decision {
    /// Returns the answer to whoever presented a step while the family stood at `current`; `None` when it is a refusal.
    pub fn answer(&self, presented: Step, current: Step) -> Option<Answer> {
        let (kind, step) = match self {
            Self::Ended(_) | Self::RunOut | Self::Theft(_) => return None,
            Self::Unchanged => (IssuedKind::Unchanged, current),
            Self::Repeat { .. } => (IssuedKind::Repeated, current),
            // Issued under the token the client is known to hold: it proves nothing about the successor.
            Self::Hold => (IssuedKind::Held, presented),
            Self::Rotate(to) => (IssuedKind::Rotated, to.current()),
            Self::Branch(to) => (IssuedKind::Branched, to.current()),
            Self::FastForward(to) => (IssuedKind::FastForwarded, to.current()),
        };
        Some(Answer { kind, step })
    }

    /// Returns whether what the decision writes waits for the disk.
    ///
    /// Rotations need not: one that a power cut takes back is made good by the fast-forward. The note of a token handed out again
    /// must: without it, a straggler that arrives right after the cut would be taken for a thief.
    pub fn durability(&self) -> Durability {
        match self {
            Self::Rotate(_) | Self::Branch(_) | Self::FastForward(_) | Self::RunOut => Durability::Relaxed,
            _ => Durability::Synced,
        }
    }

    /// Returns where the family stands afterwards, if the decision moves it.
    pub fn moves_to(&self) -> Option<RefreshState> {
        match self {
            Self::Rotate(to) | Self::Branch(to) | Self::FastForward(to) => Some(*to),
            _ => None,
        }
    }
}

/// Decides. Writes nothing and asks nobody.
pub fn decide(session: &Session, presented: Step, now: Timestamp, settings: &SessionSettings) -> Decision {
    if let SessionState::Ended { reason, .. } = session.state {
        return Decision::Ended(reason);
    }
    if session.has_run_out(now) {
        return Decision::RunOut;
    }
    let state = &session.refresh;
    match presented.cmp(&state.current()) {
        Ordering::Greater => Decision::FastForward(state.fast_forwarded(presented, now, settings.slack())),
        Ordering::Equal if is_settled(state, now, settings) => {
            state.rotated(now, settings.slack()).map_or(Decision::Unchanged, Decision::Rotate)
        }
        Ordering::Equal => Decision::Unchanged,
        Ordering::Less => decide_older(state, presented, now, settings),
    }
}

/// Returns whether every request and answer from around the last change of hands has arrived or been given up.
pub fn is_settled(state: &RefreshState, now: Timestamp, settings: &SessionSettings) -> bool {
    !in_grace(state, now, settings) && now > later(state.handed_out_at, settings.straggling())
}

fn decide_older(
    state: &RefreshState,
    presented: Step,
    now: Timestamp,
    settings: &SessionSettings,
) -> Decision {
    let is_retired = presented.generation == state.generation;
    if !is_retired && !state.is_parent(presented) {
        return Decision::Theft(TheftSign::OlderThanParent);
    }
    let repeat = Decision::Repeat { note: state.handed_out(now, settings.slack()) };
    if in_grace(state, now, settings) {
        return repeat;
    }
    if !is_settled(state, now, settings) {
        return Decision::Hold;
    }
    if is_retired {
        return Decision::Theft(TheftSign::RetiredBranch);
    }
    if state.confirmed {
        return Decision::Theft(TheftSign::ParentAfterConfirmation);
    }
    state.branched(now, settings.slack()).map_or(repeat, Decision::Branch)
}

fn in_grace(state: &RefreshState, now: Timestamp, settings: &SessionSettings) -> bool {
    now <= later(state.rotated_at, settings.refresh_grace)
}
