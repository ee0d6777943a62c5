//! Sign-out: this session with its group, or all of them.

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
    let changes = if everywhere {
        let reason = EndReason::SignedOutEverywhere;
        let event = events::dead(Selector::Subject(user), Reason::SignedOutEverywhere, now, &ctx.settings);
        Changes::one(Change::EndSessionsOf { user_id: user, except: None, at: now, reason })
            .event(events::owned(ctx, event, user).await?)
    } else {
        let read = ctx.store.session(session).await?;
        let is_active = |s: &crate::model::Session| s.user_id == user && s.state == SessionState::Active;
        if !read.as_ref().is_some_and(is_active) {
            return Ok(0);
        }
        let event = events::dead(Selector::Session(session), Reason::SessionEnded, now, &ctx.settings);
        let event = events::owned(ctx, event, user).await?;
        Changes::one(Change::EndGroup { id: session, at: now, reason: EndReason::SignedOut, event })
    };
    match ctx.store.apply(changes.audit(entry)).await? {
        Applied::Committed { sessions_ended, .. } => Ok(sessions_ended),
        // Ending conflicts with nothing.
        Applied::Conflict(conflict) => {
            Err(StoreError::Defect { doing: "signing out", source: conflict.into() })
        }
    }
}
