//! Sign-out: this session, or all of them.

use std::net::IpAddr;

use jiff::Timestamp;

use super::events;
use crate::{
    Context,
    model::{AuditEntry, AuditKind, EndReason, Reason, Selector, SessionId, SessionState, UserId},
    store::{Applied, Change, Changes, StoreError},
};

/// Who signs out of what.
#[derive(Debug, Clone, Copy)]
pub struct SignOut {
    /// The user.
    pub user: UserId,
    /// The session they are in.
    pub session: SessionId,
    /// Whether every other session ends as well.
    pub everywhere: bool,
    /// From where.
    pub address: Option<IpAddr>,
}

/// Signs out. Returns how many sessions ended: 0 when it was over already, which is as good.
pub async fn sign_out(ctx: &Context, command: SignOut, now: Timestamp) -> Result<u64, StoreError> {
    let SignOut { user, session, everywhere, address } = command;
    let entry = AuditEntry {
        user_id: Some(user),
        session_id: Some(session),
        address,
        detail: Some(if everywhere { "everywhere" } else { "this session" }.to_owned()),
        ..AuditEntry::new(AuditKind::SignedOut, now)
    };
    let (change, selector, reason) = if everywhere {
        let reason = EndReason::SignedOutEverywhere;
        let change = Change::EndSessionsOf { user_id: user, except: None, at: now, reason };
        (change, Selector::Subject(user), Reason::SignedOutEverywhere)
    } else {
        let read = ctx.store.session(session).await?;
        let is_active = |s: &crate::model::Session| s.user_id == user && s.state == SessionState::Active;
        if !read.as_ref().is_some_and(is_active) {
            return Ok(0);
        }
        let change = Change::EndSession { id: session, at: now, reason: EndReason::SignedOut };
        (change, Selector::Session(session), Reason::SessionEnded)
    };
    let event = events::owned(ctx, events::dead(selector, reason, now, &ctx.settings), user).await?;
    let changes = Changes::one(change).event(event).audit(entry);
    match ctx.store.apply(changes).await? {
        Applied::Committed { sessions_ended, .. } => Ok(sessions_ended),
        // Ending conflicts with nothing.
        Applied::Conflict(conflict) => {
            Err(StoreError::Defect { doing: "signing out", source: conflict.into() })
        }
    }
}
