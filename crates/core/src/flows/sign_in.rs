//! Sign-in with a user name or e-mail address and a password.

use std::{net::IpAddr, time::Duration};

use jiff::Timestamp;

use super::{
    Issued, TRIES, contended,
    session_start::{self, FIRST, MayNotWork, Proved},
    status_lists,
};
use crate::{
    Context,
    minting::MintError,
    model::{AuditEntry, AuditKind, Login, Session, User},
    password::{HashError, Password, PasswordProof},
    store::{Applied, Change, Changes, Conflict, StoreError},
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

impl From<MayNotWork> for SignInError {
    fn from(why: MayNotWork) -> Self {
        match why {
            MayNotWork::AccountDisabled => Self::AccountDisabled,
            MayNotWork::OrganizationSuspended => Self::OrganizationSuspended,
        }
    }
}

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
        session_start::may_work(&subject)?;
        let amr = vec!["pwd".to_owned()];
        let proved = Proved { user: subject.user.id, at: now, amr, device: &command.device };
        let mut session = session_start::new_session(ctx, proved, now);
        session.status = status_lists::place(ctx, &session, subject.rev, now).await?;
        let issued = Issued::mint(ctx, session, subject, FIRST, now)?;
        let (session, user) = (&issued.session, &issued.subject.user);
        let changes = session_start::starting(ctx, Changes::default(), session, user, now).await?;
        let changes = changes.audit(signed_in(session, command, now));
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

fn signed_in(session: &Session, command: &SignIn, now: Timestamp) -> AuditEntry {
    AuditEntry {
        user_id: Some(session.user_id),
        session_id: Some(session.id),
        address: command.address,
        detail: Some(session.device.clone()),
        ..AuditEntry::new(AuditKind::SignedIn, now)
    }
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
