//! Refresh: a new access token and, in its time, a new refresh token. The rules are in [`crate::refresh_machine`].

use std::net::IpAddr;

use jiff::Timestamp;

use super::{Issued, IssuedKind, TRIES, contended, events};
use crate::{
    Context,
    minting::MintError,
    model::{
        AuditEntry, AuditKind, EndReason, OrganizationStatus, Reason, RefreshState, Selector, Session,
        SessionId, Step, UserStatus, later,
    },
    refresh_machine::{Answer, Decision, TheftSign, decide},
    refresh_token::{PresentedToken, RefreshTokenError},
    store::{Applied, Change, Changes, StoreError, Subject},
};

/// A presented refresh token.
#[derive(Clone, Copy)]
pub struct Refresh<'a> {
    /// The token's text.
    pub token: &'a str,
    /// The session of the access token beside it, which may have expired. Cookie delivery requires one: a refresh cookie
    /// that somebody planted in the browser is then useless.
    pub beside: Option<SessionId>,
    /// From where.
    pub address: Option<IpAddr>,
}

/// No token was issued. Clients hear `session_ended` for all but the last three.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// It is no refresh token of ours. No store was asked.
    #[error(transparent)]
    Rejected(#[from] RefreshTokenError),
    /// It belongs to another session than the access token beside it. No store was asked.
    #[error("the refresh token and the access token beside it are of different sessions")]
    OtherSession,
    /// The session is over.
    #[error("the session ended ({})", reason.as_str())]
    SessionEnded {
        /// Why.
        reason: EndReason,
    },
    /// The session is unknown: it ended so long ago that it was forgotten.
    #[error("the session is unknown")]
    SessionUnknown,
    /// Somebody else has used the session. It is ended now, everywhere.
    #[error("the refresh token was stolen: {}", _0.as_str())]
    Theft(TheftSign),
    /// The account is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The user's organisation is suspended.
    #[error("the organisation is suspended")]
    OrganizationSuspended,
    /// No access token could be made. The session goes on.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// The store failed. The session goes on, and the client tries again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Refreshes.
///
/// One read; one conditional write for a rotation, and none for those who come too soon or too late to move anything.
pub async fn refresh(ctx: &Context, command: Refresh<'_>, now: Timestamp) -> Result<Issued, RefreshError> {
    let presented = ctx.keyring.refresh_keys().authenticate(command.token)?;
    if command.beside.is_some_and(|session| session != presented.session) {
        return Err(RefreshError::OtherSession);
    }
    for _ in 0..TRIES {
        let read = ctx.store.session_subject(presented.session).await?;
        let (session, subject) = read.ok_or(RefreshError::SessionUnknown)?;
        if let Some(issued) = attempt(ctx, presented, session, subject, command.address, now).await? {
            return Ok(issued);
        }
    }
    Err(contended("refreshing a session").into())
}

/// Decides and acts once. `None`: the session moved meanwhile, decide again.
async fn attempt(
    ctx: &Context,
    presented: PresentedToken,
    session: Session,
    subject: Subject,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<Option<Issued>, RefreshError> {
    let decision = decide(&session, presented.step, now, &ctx.settings.sessions);
    let Some(Answer { kind, step }) = decision.answer(presented.step, session.refresh.current()) else {
        return Err(refuse(ctx, decision, &session, presented.step, address, now).await?);
    };
    check_may_work(&subject)?;

    let before = session.refresh;
    let mut session = session;
    if let Some(to) = decision.moves_to() {
        session.refresh = to;
        session.idle_expiry = later(now, ctx.settings.sessions.idle_lifetime).min(session.absolute_expiry);
    }
    // Minted first: a token that cannot be made moves nothing.
    let issued = Issued::mint(ctx, session, subject, step, kind, now)?;
    let Some(change) = change(decision, before, &issued.session) else { return Ok(Some(issued)) };
    let changes = moving(change, before, &issued, presented.step, address, now);
    match ctx.store.apply(changes).await? {
        Applied::Committed { .. } => Ok(Some(issued)),
        Applied::Conflict(_) => Ok(None),
    }
}

/// What a decision writes, if anything.
fn change(decision: Decision, from: RefreshState, session: &Session) -> Option<Change> {
    if let Decision::Repeat { note } = decision {
        return note.map(|at| Change::HandOutAgain { id: session.id, from, at });
    }
    let to = decision.moves_to()?;
    Some(Change::RotateSession { id: session.id, from, to, idle_expiry: session.idle_expiry })
}

/// Rotations do not wait for the disk: one that a power cut takes back is made good by the fast-forward.
fn moving(
    change: Change,
    from: RefreshState,
    issued: &Issued,
    presented: Step,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Changes {
    let session = &issued.session;
    let changes = Changes::one(change).relaxed();
    let anomaly = match issued.kind {
        IssuedKind::Branched => AuditKind::RefreshBranched,
        IssuedKind::FastForwarded => AuditKind::RefreshFastForwarded,
        _ => return changes,
    };
    let detail = format!("presented {}, stood at {}, now {}", words(presented), words(from.current()), {
        words(session.refresh.current())
    });
    changes.audit(entry(anomaly, session, detail, address, now))
}

/// Does what a refusal asks for, and returns it.
async fn refuse(
    ctx: &Context,
    decision: Decision,
    session: &Session,
    presented: Step,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<RefreshError, StoreError> {
    match decision {
        Decision::Theft(sign) => theft(ctx, session, presented, sign, address, now).await,
        Decision::Ended(reason) => Ok(RefreshError::SessionEnded { reason }),
        _ => run_out(ctx, session, address, now).await,
    }
}

/// Ends a session that has run out, so that the list and the audit log say so.
async fn run_out(
    ctx: &Context,
    session: &Session,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<RefreshError, StoreError> {
    let reason = EndReason::Expired;
    // The expiry is in the row anyway: if a power cut takes this back, the next refresh writes it again.
    let changes = Changes::one(Change::EndSession { id: session.id, at: now, reason })
        .audit(entry(AuditKind::SessionEnded, session, reason.as_str().to_owned(), address, now))
        .relaxed();
    ctx.store.apply(changes).await?;
    Ok(RefreshError::SessionEnded { reason })
}

/// Ends a stolen session everywhere, in one transaction: the state, the event and the audit entry.
async fn theft(
    ctx: &Context,
    session: &Session,
    presented: Step,
    sign: TheftSign,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<RefreshError, StoreError> {
    let detail = format!(
        "{}: presented {}, stood at {}",
        sign.as_str(),
        words(presented),
        words(session.refresh.current())
    );
    let changes = Changes::one(Change::EndSession { id: session.id, at: now, reason: EndReason::TokenReuse })
        .event(events::dead(Selector::Session(session.id), Reason::TokenReuse, now, &ctx.settings))
        .audit(entry(AuditKind::TokenReuse, session, detail, address, now));
    ctx.store.apply(changes).await?;
    Ok(RefreshError::Theft(sign))
}

fn check_may_work(subject: &Subject) -> Result<(), RefreshError> {
    if let UserStatus::Disabled { .. } = subject.user.status {
        return Err(RefreshError::AccountDisabled);
    }
    let status = subject.organization.as_ref().map(|organization| organization.status);
    if let Some(OrganizationStatus::Suspended { .. }) = status {
        return Err(RefreshError::OrganizationSuspended);
    }
    Ok(())
}

fn entry(
    kind: AuditKind,
    session: &Session,
    detail: String,
    address: Option<IpAddr>,
    now: Timestamp,
) -> AuditEntry {
    AuditEntry {
        user_id: Some(session.user_id),
        session_id: Some(session.id),
        address,
        detail: Some(detail),
        ..AuditEntry::new(kind, now)
    }
}

fn words(step: Step) -> String {
    format!("{}/{}", step.generation, step.branch)
}
