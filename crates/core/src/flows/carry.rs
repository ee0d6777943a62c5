//! A sign-in is carried to another site: the single use of the code and the session there, in one unit of work.

use std::net::IpAddr;

use jiff::Timestamp;

use super::{
    Issued, TRIES, contended, events,
    session_start::{self, FIRST, MayNotWork, Proved},
    status_lists, use_once,
};
use crate::{
    Context,
    minting::MintError,
    model::{
        AuditEntry, AuditKind, Carried, EndReason, OneTimePurpose, Reason, Selector, Session, SessionId,
        SiteName,
    },
    store::{Applied, Change, Changes, Conflict, StoreError, Subject},
};

/// Somebody comes from home with a code that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carry {
    /// The session they have at home.
    pub from: SessionId,
    /// The site they came to.
    pub to: SiteName,
    /// Names the code: it is good for one time, on whichever replica.
    pub code_id: String,
    /// From then on nobody would take the code anyway.
    pub expires_at: Timestamp,
    /// From where.
    pub address: Option<IpAddr>,
}

/// Nobody was signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CarryError {
    /// The code was used before, here or by another replica.
    #[error("the code was used before")]
    AlreadyUsed,
    /// The session at home is over, or is not one of home.
    #[error("the session at home is over")]
    SessionEnded,
    /// The account is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The user's organisation is suspended.
    #[error("the organisation is suspended")]
    OrganizationSuspended,
    /// No access token could be made.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<MayNotWork> for CarryError {
    fn from(why: MayNotWork) -> Self {
        match why {
            MayNotWork::AccountDisabled => Self::AccountDisabled,
            MayNotWork::OrganizationSuspended => Self::OrganizationSuspended,
        }
    }
}

/// Starts a session on a site, for as long as the one at home may last, with a refresh family of its own.
///
/// It takes the place of the one that was carried there before: a browser has one jar for a site.
pub async fn carry(ctx: &Context, command: &Carry, now: Timestamp) -> Result<Issued, CarryError> {
    for _ in 0..TRIES {
        let read = ctx.store.session_subject(command.from).await?;
        let from_home = |session: &Session| session.is_live(now) && session.carried.is_none();
        let Some((home, subject)) = read.filter(|(session, _)| from_home(session)) else {
            return Err(CarryError::SessionEnded);
        };
        if let Some(issued) = once(ctx, command, &home, subject, now).await? {
            return Ok(issued);
        }
    }
    Err(contended("carrying a session to a site").into())
}

/// Acts once. `None`: somebody was faster, decide again.
async fn once(
    ctx: &Context,
    command: &Carry,
    home: &Session,
    subject: Subject,
    now: Timestamp,
) -> Result<Option<Issued>, CarryError> {
    session_start::may_work(&subject)?;
    let mut session = carried(ctx, command, home, now);
    session.status = status_lists::place(ctx, &session, subject.rev, now).await?;
    // Minted first: a token that cannot be made moves nothing.
    let issued = Issued::mint(ctx, session, subject, FIRST, now)?;
    let once = use_once(OneTimePurpose::CarryCode, command.code_id.clone(), command.expires_at);
    let (session, user) = (&issued.session, &issued.subject.user);
    let changes = replacing(ctx, Changes::one(once), session, &issued.subject, now).await?;
    let keep = Change::KeepSession { id: home.id, idle_expiry: session.idle_expiry };
    // No limit: it is on a device that counts already.
    let start = Change::StartSession { session: session.clone(), user_version: user.version, at_most: None };
    let entry = AuditEntry {
        user_id: Some(user.id),
        session_id: Some(session.id),
        address: command.address,
        detail: Some(format!("{}, carried to {} from session {}", session.device, command.to, home.id)),
        ..AuditEntry::new(AuditKind::SignedIn, now)
    };
    match ctx.store.apply(changes.and(start).and(keep).audit(entry)).await? {
        Applied::Committed { .. } => Ok(Some(issued)),
        Applied::Conflict(Conflict::AlreadyUsed) => Err(CarryError::AlreadyUsed),
        Applied::Conflict(Conflict::UserChanged | Conflict::SessionChanged) => Ok(None),
        Applied::Conflict(conflict) => {
            let doing = "carrying a session to a site";
            Err(StoreError::Defect { doing, source: conflict.into() }.into())
        }
    }
}

/// What was proved at home, and when, holds on the site.
fn carried(ctx: &Context, command: &Carry, home: &Session, now: Timestamp) -> Session {
    let proved =
        Proved { user: home.user_id, at: home.auth_time, amr: home.amr.clone(), device: &home.device };
    let session = session_start::new_session(ctx, proved, now);
    let absolute_expiry = session.absolute_expiry.min(home.absolute_expiry);
    Session {
        carried: Some(Carried { from: home.id, to: command.to.clone() }),
        absolute_expiry,
        idle_expiry: session.idle_expiry.min(absolute_expiry),
        ..session
    }
}

/// Adds the end of what was carried from the same session to the same site before.
async fn replacing(
    ctx: &Context,
    mut changes: Changes,
    new: &Session,
    subject: &Subject,
    now: Timestamp,
) -> Result<Changes, StoreError> {
    let live = ctx.store.live_sessions(new.user_id, now).await?;
    for before in live.iter().filter(|session| session.carried == new.carried) {
        let (id, reason) = (before.id, EndReason::SignedOut);
        changes = changes
            .and(Change::EndSession { id, at: now, reason })
            .event(
                events::dead(Selector::Session(id), Reason::SessionEnded, now, &ctx.settings)
                    .of(new.user_id, subject.user.org_id.clone()),
            )
            .audit(AuditEntry {
                user_id: Some(new.user_id),
                session_id: Some(id),
                detail: Some("replaced".to_owned()),
                ..AuditEntry::new(AuditKind::SessionEnded, now)
            });
    }
    Ok(changes)
}
