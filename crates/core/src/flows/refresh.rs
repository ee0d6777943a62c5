//! Refresh: a new access token and, in its time, a new refresh token. The rules are in [`crate::refresh_machine`].

use std::net::IpAddr;

use jiff::Timestamp;

use super::{
    Issued, IssuedKind, TRIES, contended, events,
    session_start::{self, MayNotWork},
    status_lists,
};
use crate::{
    Context,
    minting::MintError,
    model::{
        AuditEntry, AuditKind, EndReason, Reason, RefreshState, Selector, Session, SessionId, StatusPlace,
        Step, later,
    },
    refresh_machine::{Decision, TheftSign, decide},
    refresh_token::RefreshTokenError,
    store::{Applied, Change, Changes, Durability, StoreError, Subject},
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

/// No token was issued. Clients hear `session_ended` for all but the last four.
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
    /// The upstream at which the session began was not heard of for too long. The session goes on, and the client tries again.
    /// Said by whoever asks it, before a refresh: see [`upstream::recheck_due`](super::upstream::recheck_due).
    #[error("the upstream at which the session began does not answer")]
    UpstreamAway,
    /// No access token could be made. The session goes on.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// The store failed. The session goes on, and the client tries again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<MayNotWork> for RefreshError {
    fn from(why: MayNotWork) -> Self {
        match why {
            MayNotWork::AccountDisabled => Self::AccountDisabled,
            MayNotWork::OrganizationSuspended => Self::OrganizationSuspended,
        }
    }
}

/// Refreshes.
///
/// One read; one conditional write for a rotation, and none for those who come too soon or too late to move anything.
pub async fn refresh(ctx: &Context, command: Refresh<'_>, now: Timestamp) -> Result<Issued, RefreshError> {
    let presented = ctx.keyring.refresh_keys().authenticate(command.token)?;
    if command.beside.is_some_and(|session| session != presented.session) {
        return Err(RefreshError::OtherSession);
    }
    let attempt = Attempt { ctx, presented: presented.step, address: command.address, now };
    for _ in 0..TRIES {
        let read = ctx.store.session_subject(presented.session).await?;
        let (session, subject) = read.ok_or(RefreshError::SessionUnknown)?;
        if let Some(issued) = attempt.run(session, subject).await? {
            return Ok(issued);
        }
    }
    Err(contended("refreshing a session").into())
}

/// An authentic token, presented once.
struct Attempt<'a> {
    ctx: &'a Context,
    presented: Step,
    address: Option<IpAddr>,
    now: Timestamp,
}

impl Attempt<'_> {
    /// Decides and acts once. `None`: the session moved meanwhile, decide again.
    async fn run(&self, mut session: Session, subject: Subject) -> Result<Option<Issued>, RefreshError> {
        let settings = &self.ctx.settings.sessions;
        let decision = decide(&session, self.presented, self.now, settings);
        let Some(answer) = decision.answer(self.presented, session.refresh.current()) else {
            return Err(self.refuse(decision, &session).await?);
        };
        session_start::may_work(&subject)?;

        let from = session.refresh;
        if let Some(to) = decision.moves_to() {
            session.refresh = to;
            session.idle_expiry = later(self.now, settings.idle_lifetime).min(session.absolute_expiry);
        }
        let place = session.status;
        session.status = status_lists::place(self.ctx, &session, subject.rev, self.now).await?;
        // Minted first: a token that cannot be made moves nothing.
        let issued = Issued::mint(self.ctx, session, subject, answer, self.now)?;
        let moving = change(decision, from, &issued.session);
        let changes = moving.map(|change| self.moving(change, decision.durability(), from, &issued));
        let Some(changes) = placing(changes, place, &issued.session) else { return Ok(Some(issued)) };
        match self.ctx.store.apply(changes).await? {
            Applied::Committed { .. } => Ok(Some(issued)),
            Applied::Conflict(_) => Ok(None),
        }
    }

    /// Returns what is written along with a move.
    fn moving(&self, change: Change, durability: Durability, from: RefreshState, issued: &Issued) -> Changes {
        let changes = Changes { durability, ..Changes::one(change) };
        let Session { carried, idle_expiry, .. } = &issued.session;
        let changes = match carried {
            // Nobody is idle at home who works on another site.
            Some(carried) => changes.and(Change::KeepSession { id: carried.from, idle_expiry: *idle_expiry }),
            None => changes,
        };
        let anomaly = match issued.kind {
            IssuedKind::Branched => AuditKind::RefreshBranched,
            IssuedKind::FastForwarded => AuditKind::RefreshFastForwarded,
            _ => return changes,
        };
        let (before, after) = (words(from.current()), words(issued.session.refresh.current()));
        let detail = format!("presented {}, stood at {before}, now {after}", words(self.presented));
        changes.audit(self.entry(anomaly, &issued.session, detail))
    }

    /// Does what a refusal asks for, and returns it.
    async fn refuse(&self, decision: Decision, session: &Session) -> Result<RefreshError, StoreError> {
        match decision {
            Decision::Theft(sign) => self.theft(session, sign).await,
            Decision::Ended(reason) => Ok(RefreshError::SessionEnded { reason }),
            _ => self.run_out(session).await,
        }
    }

    /// Ends a session that has run out, so that the list and the audit log say so.
    async fn run_out(&self, session: &Session) -> Result<RefreshError, StoreError> {
        let reason = EndReason::Expired;
        // The expiry is in the row anyway: if a power cut takes this back, the next refresh writes it again.
        let changes = Changes::one(Change::EndSession { id: session.id, at: self.now, reason })
            .audit(self.entry(AuditKind::SessionEnded, session, reason.as_str().to_owned()))
            .relaxed();
        self.ctx.store.apply(changes).await?;
        Ok(RefreshError::SessionEnded { reason })
    }

    /// Ends a stolen session everywhere, in one transaction: the state, the event and the audit entry.
    async fn theft(&self, session: &Session, sign: TheftSign) -> Result<RefreshError, StoreError> {
        let (presented, stood) = (words(self.presented), words(session.refresh.current()));
        let detail = format!("{}: presented {presented}, stood at {stood}", sign.as_str());
        let event =
            events::dead(Selector::Session(session.id), Reason::TokenReuse, self.now, &self.ctx.settings);
        let event = events::owned(self.ctx, event, session.user_id).await?;
        let (id, reason) = (session.id, EndReason::TokenReuse);
        // With its group: who has copied one jar may have carried it on.
        let changes = Changes::one(Change::EndGroup { id, at: self.now, reason, event }).audit(self.entry(
            AuditKind::TokenReuse,
            session,
            detail,
        ));
        self.ctx.store.apply(changes).await?;
        Ok(RefreshError::Theft(sign))
    }

    fn entry(&self, kind: AuditKind, session: &Session, detail: String) -> AuditEntry {
        AuditEntry {
            user_id: Some(session.user_id),
            session_id: Some(session.id),
            address: self.address,
            detail: Some(detail),
            ..AuditEntry::new(kind, self.now)
        }
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

/// Adds a new place in a status list to what is written, if anything is. It waits for the disk: a place that a power cut forgets
/// would stay good whatever becomes of the session.
fn placing(changes: Option<Changes>, from: Option<StatusPlace>, session: &Session) -> Option<Changes> {
    let Some(to) = session.status.filter(|place| from != Some(*place)) else { return changes };
    let change = Change::PlaceSession { id: session.id, from, to };
    Some(Changes { durability: Durability::Synced, ..changes.unwrap_or_default().and(change) })
}

fn words(step: Step) -> String {
    format!("{}/{}", step.generation, step.branch)
}
