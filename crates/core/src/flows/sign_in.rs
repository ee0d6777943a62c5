//! Sign-in with a user name or e-mail address and a password.

use std::{net::IpAddr, time::Duration};

use jiff::Timestamp;

use super::{Issued, IssuedKind, TRIES, contended, events, status_lists};
use crate::{
    Context,
    minting::MintError,
    model::{
        AuditEntry, AuditKind, ClientId, EndReason, Login, OrganizationStatus, Reason, RefreshState,
        Selector, Session, SessionId, SessionState, Step, User, UserStatus, later,
    },
    password::{HashError, Password, PasswordProof},
    refresh_machine::Answer,
    store::{Applied, Change, Changes, Conflict, StoreError, Subject},
};

/// What somebody typed, and where.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// A user name or an e-mail address.
    pub login: String,
    /// The password.
    pub password: Password,
    /// The device in words, for the user's list of sessions.
    pub device: String,
    /// From where.
    pub address: Option<IpAddr>,
}

/// Nobody was signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// There is no such user, or the password is wrong: which of them, nobody is told.
    #[error("the login or the password is wrong")]
    InvalidCredentials,
    /// The password was right, but the account is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The password was right, but the user's organisation is suspended.
    #[error("the organisation is suspended")]
    OrganizationSuspended,
    /// Too many sign-ins are waiting. Nothing was checked.
    #[error("too many sign-ins at the same time")]
    Busy {
        /// When it is worth while to try again.
        retry_after: Duration,
    },
    /// No access token could be made.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// A password could not be checked: a defect or a damaged row.
    #[error("the password could not be checked")]
    Hash(#[source] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<HashError> for SignInError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy { retry_after } => Self::Busy { retry_after },
            other => Self::Hash(other),
        }
    }
}

/// What a new session gets.
const FIRST: Answer = Answer { kind: IssuedKind::New, step: Step::FIRST };

/// Signs in.
///
/// An unknown user, a wrong password and a disabled account take the same work and, before a correct password, get the
/// same answer.
pub async fn sign_in(ctx: &Context, command: SignIn, now: Timestamp) -> Result<Issued, SignInError> {
    // What cannot be a login is an unknown user, not a complaint that would tell names from non-names.
    let user = match command.login.parse::<Login>() {
        Ok(login) => ctx.store.user_by_login(&login).await?,
        Err(_) => None,
    };
    let hash = user.as_ref().and_then(|user| user.password.as_ref());
    let proof = ctx.hasher.verify(&command.password, hash).await?;
    let (Some(user), Some(proof)) = (&user, proof) else {
        note_failure(ctx, user.as_ref(), &command, now).await?;
        return Err(SignInError::InvalidCredentials);
    };
    if proof.needs_rehash() {
        rehash(ctx, user, &command.password).await?;
    }
    start_session(ctx, user, &proof, &command, now).await
}

/// Starts a session. Only a verified password leads here.
async fn start_session(
    ctx: &Context,
    verified: &User,
    _proof: &PasswordProof,
    command: &SignIn,
    now: Timestamp,
) -> Result<Issued, SignInError> {
    for _ in 0..TRIES {
        let subject = ctx.store.subject(verified.id).await?.ok_or(SignInError::InvalidCredentials)?;
        // The proof is for the password that was read. If that has changed since, it proves nothing any more.
        if !same_password(verified, &subject.user) {
            return Err(SignInError::InvalidCredentials);
        }
        check_may_work(&subject)?;
        let mut session = new_session(ctx, &subject, &command.device, now);
        session.status = status_lists::place(ctx, &session, subject.rev, now).await?;
        let issued = Issued::mint(ctx, session, subject, FIRST, now)?;
        let changes = starting(ctx, &issued, command, now).await?;
        match ctx.store.apply(changes).await? {
            Applied::Committed { .. } => return Ok(issued),
            Applied::Conflict(Conflict::UserChanged | Conflict::TooManySessions) => {}
            Applied::Conflict(conflict) => {
                return Err(
                    StoreError::Defect { doing: "starting a session", source: conflict.into() }.into()
                );
            }
        }
    }
    Err(contended("starting a session").into())
}

/// A rehash of the same password changes the text, and it was this process that asked for it.
fn same_password(verified: &User, current: &User) -> bool {
    verified.password == current.password || verified.version == current.version
}

fn check_may_work(subject: &Subject) -> Result<(), SignInError> {
    if let UserStatus::Disabled { .. } = subject.user.status {
        return Err(SignInError::AccountDisabled);
    }
    let status = subject.organization.as_ref().map(|organization| organization.status);
    if let Some(OrganizationStatus::Suspended { .. }) = status {
        return Err(SignInError::OrganizationSuspended);
    }
    Ok(())
}

fn new_session(ctx: &Context, subject: &Subject, device: &str, now: Timestamp) -> Session {
    let settings = &ctx.settings.sessions;
    let absolute_expiry = later(now, settings.absolute_lifetime);
    Session {
        id: SessionId::random(&*ctx.entropy),
        user_id: subject.user.id,
        client_id: ClientId::first_party(),
        device: super::sessions::tidy_label(device),
        created_at: now,
        auth_time: now,
        amr: vec!["pwd".to_owned()],
        absolute_expiry,
        idle_expiry: later(now, settings.idle_lifetime).min(absolute_expiry),
        refresh: RefreshState::first(now, settings.slack()),
        last_seen_at: now,
        status: None,
        state: SessionState::Active,
    }
}

async fn starting(
    ctx: &Context,
    issued: &Issued,
    command: &SignIn,
    now: Timestamp,
) -> Result<Changes, StoreError> {
    let (session, user) = (&issued.session, &issued.subject.user);
    let at_most = ctx.settings.sessions.max_per_user;
    let mut changes = Changes::default();
    if let Some(at_most) = at_most {
        changes = end_oldest(ctx, changes, user, at_most, now).await?;
    }
    let start = Change::StartSession { session: session.clone(), user_version: user.version, at_most };
    Ok(changes.and(start).audit(AuditEntry {
        user_id: Some(user.id),
        session_id: Some(session.id),
        address: command.address,
        detail: Some(session.device.clone()),
        ..AuditEntry::new(AuditKind::SignedIn, now)
    }))
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
    for oldest in live.iter().skip(stay) {
        let (id, reason) = (oldest.id, EndReason::TooManySessions);
        changes = changes
            .and(Change::EndSession { id, at: now, reason })
            .event(
                events::dead(Selector::Session(id), Reason::SessionEnded, now, &ctx.settings)
                    .of(user.id, user.org_id.clone()),
            )
            .audit(AuditEntry {
                user_id: Some(user.id),
                session_id: Some(id),
                detail: Some(reason.as_str().to_owned()),
                ..AuditEntry::new(AuditKind::SessionEnded, now)
            });
    }
    Ok(changes)
}

/// Unknown users are noted as well, without what was typed: people type passwords into the wrong field, and a write that
/// only known users cost would tell them apart.
async fn note_failure(
    ctx: &Context,
    user: Option<&User>,
    command: &SignIn,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = AuditEntry {
        user_id: user.map(|user| user.id),
        address: command.address,
        ..AuditEntry::new(AuditKind::SignInFailed, now)
    };
    ctx.store.apply(Changes::default().audit(entry).relaxed()).await?;
    Ok(())
}

/// Raises an old hash to the parameters of today. When somebody changed the password meanwhile, theirs stays.
async fn rehash(ctx: &Context, user: &User, password: &Password) -> Result<(), SignInError> {
    let Some(from) = user.password.clone() else { return Ok(()) };
    let to = match ctx.hasher.hash(password, &*ctx.entropy).await {
        Ok(hash) => hash,
        // The sign-in has succeeded; the next one can do this as well.
        Err(HashError::Busy { .. }) => return Ok(()),
        Err(other) => return Err(other.into()),
    };
    let change = Change::RehashPassword { user_id: user.id, from, to };
    let (Applied::Committed { .. } | Applied::Conflict(_)) = ctx.store.apply(Changes::one(change)).await?;
    Ok(())
}
