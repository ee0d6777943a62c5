use jiff::Timestamp;

use crate::{
    Context,
    model::{EventKind, NewEvent, OrgId, Reason, Selector, UserId, later},
    settings::Settings,
    store::StoreError,
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
    let forget_at = later(now, settings.tokens.reach());
    NewEvent { selector, kind, reason, at: now, forget_at, user: None, org_id: None }
}

/// Looks up in which organisation the user is whose tokens the event means, and says so.
pub(super) async fn owned(ctx: &Context, event: NewEvent, user: UserId) -> Result<NewEvent, StoreError> {
    let org_id = ctx.store.user(user).await?.and_then(|user| user.org_id);
    Ok(event.of(user, org_id))
}

impl NewEvent {
    /// Says whose the tokens are, as of before the change that the event tells of.
    pub(super) fn of(self, user: UserId, org_id: Option<OrgId>) -> Self {
        Self { user: Some(user), org_id, ..self }
    }
}
