//! What every way in has in common: who may work, what a new session is, and making room for it.

use jiff::Timestamp;

use super::events;
use crate::model::Step;
use crate::{
    Context,
    model::{
        AuditEntry, AuditKind, ClientId, EndReason, OrganizationStatus, Reason, RefreshState, Selector,
        Session, SessionId, SessionState, User, UserId, UserStatus, later,
    },
    refresh_machine::{Answer, IssuedKind},
    store::{Change, Changes, StoreError, Subject},
};

/// What a new session gets.
pub(super) const FIRST: Answer = Answer { kind: IssuedKind::New, step: Step::FIRST };

/// Somebody is who they say, and may not work all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MayNotWork {
    /// The account is disabled.
    AccountDisabled,
    /// The organisation is suspended.
    OrganizationSuspended,
}

/// Who proved when and how that they are somebody.
pub(super) struct Proved<'a> {
    /// The user.
    pub(super) user: UserId,
    /// When.
    pub(super) at: Timestamp,
    /// How (RFC 8176).
    pub(super) amr: Vec<String>,
    /// On which device.
    pub(super) device: &'a str,
}

/// Checks that nobody has locked the user out.
pub(super) fn may_work(subject: &Subject) -> Result<(), MayNotWork> {
    if let UserStatus::Disabled { .. } = subject.user.status {
        return Err(MayNotWork::AccountDisabled);
    }
    let status = subject.organization.as_ref().map(|organization| organization.status);
    if let Some(OrganizationStatus::Suspended { .. }) = status {
        return Err(MayNotWork::OrganizationSuspended);
    }
    Ok(())
}

/// Returns a session that begins now.
pub(super) fn new_session(ctx: &Context, proved: Proved<'_>, now: Timestamp) -> Session {
    let settings = &ctx.settings.sessions;
    let absolute_expiry = later(now, settings.absolute_lifetime);
    Session {
        id: SessionId::random(&*ctx.entropy),
        user_id: proved.user,
        client_id: ClientId::first_party(),
        device: super::sessions::tidy_label(proved.device),
        created_at: now,
        auth_time: proved.at,
        amr: proved.amr,
        absolute_expiry,
        idle_expiry: later(now, settings.idle_lifetime).min(absolute_expiry),
        refresh: RefreshState::first(now, settings.slack()),
        last_seen_at: now,
        status: None,
        carried: None,
        state: SessionState::Active,
    }
}

/// Adds the start of a session, and the end of the oldest ones where there would be too many.
pub(super) async fn starting(
    ctx: &Context,
    changes: Changes,
    session: &Session,
    user: &User,
    now: Timestamp,
) -> Result<Changes, StoreError> {
    let at_most = ctx.settings.sessions.max_per_user;
    let changes = match at_most {
        Some(at_most) => end_oldest(ctx, changes, user, at_most, now).await?,
        None => changes,
    };
    Ok(changes.and(Change::StartSession { session: session.clone(), user_version: user.version, at_most }))
}

/// Makes room for one more session.
async fn end_oldest(
    ctx: &Context,
    mut changes: Changes,
    user: &User,
    at_most: u32,
    now: Timestamp,
) -> Result<Changes, StoreError> {
    let live = ctx.store.live_sessions(user.id, now).await?;
    let stay = usize::try_from(at_most.saturating_sub(1)).unwrap_or(usize::MAX);
    // What was carried on is on a device that counts already, and ends with it.
    for oldest in live.iter().filter(|session| session.carried.is_none()).skip(stay) {
        let (id, reason) = (oldest.id, EndReason::TooManySessions);
        let event = events::dead(Selector::Session(id), Reason::SessionEnded, now, &ctx.settings)
            .of(user.id, user.org_id.clone());
        changes = changes.and(Change::EndGroup { id, at: now, reason, event }).audit(AuditEntry {
            user_id: Some(user.id),
            session_id: Some(id),
            detail: Some(reason.as_str().to_owned()),
            ..AuditEntry::new(AuditKind::SessionEnded, now)
        });
    }
    Ok(changes)
}
