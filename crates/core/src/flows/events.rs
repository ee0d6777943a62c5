use jiff::Timestamp;

use crate::{
    model::{EventKind, NewEvent, Reason, Selector, later},
    settings::Settings,
};

/// Tokens that match are over.
pub(super) fn dead(selector: Selector, reason: Reason, now: Timestamp, settings: &Settings) -> NewEvent {
    event(selector, EventKind::Dead, reason, now, settings)
}

/// Tokens that match say something that is no longer so.
pub(super) fn stale(selector: Selector, reason: Reason, now: Timestamp, settings: &Settings) -> NewEvent {
    event(selector, EventKind::Stale, reason, now, settings)
}

fn event(
    selector: Selector,
    kind: EventKind,
    reason: Reason,
    now: Timestamp,
    settings: &Settings,
) -> NewEvent {
    NewEvent { selector, kind, reason, at: now, forget_at: later(now, settings.tokens.reach()) }
}
