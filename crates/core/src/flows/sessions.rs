//! A user's own sessions: list, rename, end; and what an access token that comes back tells about its session.

use std::net::IpAddr;

use jiff::Timestamp;

use super::events;
use crate::{
    Context,
    model::{
        AuditEntry, AuditKind, EndReason, Reason, Selector, Session, SessionId, SessionState, Step, UserId,
    },
    store::{Applied, Change, Changes, Conflict, StoreError},
};

const LONGEST_LABEL: usize = 100;

/// Nothing was done to the session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionsError {
    /// The user has no such live session. That somebody else has one is not said.
    #[error("there is no such session")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Returns a user's live sessions, newest first.
pub async fn list(ctx: &Context, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
    ctx.store.live_sessions(user, now).await
}

/// Ends one of the user's own sessions, and what was carried from the same device.
pub async fn end_own(
    ctx: &Context,
    user: UserId,
    session: SessionId,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<(), SessionsError> {
    own(ctx, user, session, now).await?;
    let reason = EndReason::EndedByUser;
    let event = events::dead(Selector::Session(session), Reason::SessionEnded, now, &ctx.settings);
    let event = events::owned(ctx, event, user).await?;
    let changes = Changes::one(Change::EndGroup { id: session, at: now, reason, event })
        .audit(ended(user, session, reason, address, now));
    ctx.store.apply(changes).await?;
    Ok(())
}

/// Ends all of the user's sessions but the one they are in and its group. Returns how many.
pub async fn end_others(
    ctx: &Context,
    user: UserId,
    keep: SessionId,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let reason = EndReason::EndedByUser;
    let mut changes = Changes::default();
    let org_id = ctx.store.user(user).await?.and_then(|user| user.org_id);
    // One event each: an event for the whole user would end the session that stays.
    let live = ctx.store.live_sessions(user, now).await?;
    let stays = live.iter().find(|session| session.id == keep).map_or(keep, Session::root);
    for session in live.iter().filter(|session| session.root() != stays) {
        let event = events::dead(Selector::Session(session.id), Reason::SessionEnded, now, &ctx.settings)
            .of(user, org_id.clone());
        changes = changes
            .and(Change::EndGroup { id: session.id, at: now, reason, event })
            .audit(ended(user, session.id, reason, address, now));
    }
    if changes.changes.is_empty() {
        return Ok(0);
    }
    match ctx.store.apply(changes).await? {
        Applied::Committed { sessions_ended, .. } => Ok(sessions_ended),
        Applied::Conflict(conflict) => {
            Err(StoreError::Defect { doing: "ending sessions", source: conflict.into() })
        }
    }
}

/// Renames the device of one of the user's own sessions.
pub async fn relabel(
    ctx: &Context,
    user: UserId,
    session: SessionId,
    label: &str,
    now: Timestamp,
) -> Result<(), SessionsError> {
    own(ctx, user, session, now).await?;
    let change = Change::RelabelSession { id: session, device: tidy_label(label) };
    match ctx.store.apply(Changes::one(change)).await? {
        Applied::Committed { .. } => Ok(()),
        Applied::Conflict(Conflict::SessionChanged) => Err(SessionsError::NotFound),
        Applied::Conflict(conflict) => {
            Err(StoreError::Defect { doing: "renaming a session", source: conflict.into() }.into())
        }
    }
}

/// Notes that a verified access token reached the auth service: proof that its refresh token has reached the client too.
///
/// `issued_under` is [`crate::claims::issued_under`] of its `jti`. At most one write for each refresh token; most calls ask
/// nobody at all.
pub async fn seen(
    ctx: &Context,
    session: SessionId,
    issued_under: Step,
    now: Timestamp,
) -> Result<(), StoreError> {
    if ctx.seen.knows(session, issued_under) {
        return Ok(());
    }
    let read = ctx.store.session(session).await?;
    let is_news = |s: &Session| {
        s.state == SessionState::Active && s.refresh.current() == issued_under && !s.refresh.confirmed
    };
    if read.as_ref().is_some_and(is_news) {
        let change = Change::SeeSession { id: session, at: now, issued_under };
        ctx.store.apply(Changes::one(change).relaxed()).await?;
    }
    ctx.seen.note(session, issued_under);
    Ok(())
}

/// Makes a label fit to be shown: no control characters, no empty label, not endless.
pub fn tidy_label(label: &str) -> String {
    let shown: String = label.chars().filter(|c| !c.is_control()).take(LONGEST_LABEL).collect();
    match shown.trim() {
        "" => "Unknown device".to_owned(),
        label => label.to_owned(),
    }
}

async fn own(
    ctx: &Context,
    user: UserId,
    session: SessionId,
    now: Timestamp,
) -> Result<Session, SessionsError> {
    let session = ctx.store.session(session).await?;
    session.filter(|session| session.user_id == user && session.is_live(now)).ok_or(SessionsError::NotFound)
}

fn ended(
    user: UserId,
    session: SessionId,
    reason: EndReason,
    address: Option<IpAddr>,
    now: Timestamp,
) -> AuditEntry {
    AuditEntry {
        user_id: Some(user),
        session_id: Some(session),
        address,
        detail: Some(reason.as_str().to_owned()),
        ..AuditEntry::new(AuditKind::SessionEnded, now)
    }
}

#[cfg(test)]
mod tests {
    use super::tidy_label;

    #[test]
    fn a_label_is_fit_to_be_shown() {
        assert_eq!(tidy_label("  Firefox on Linux\n"), "Firefox on Linux");
        assert_eq!(tidy_label("\u{7}\u{1b}"), "Unknown device");
        assert_eq!(tidy_label(&"ä".repeat(500)).chars().count(), 100);
    }
}
