//! A user changes their own password: the session they are in goes on, with the one at home that it was carried from. Every other ends.

use std::net::IpAddr;

use jiff::Timestamp;

use super::{TRIES, contended, events};
use crate::{
    Context,
    minting::{self, AccessToken, MintError},
    model::{
        AuditEntry, AuditKind, EndReason, PasswordHash, Reason, Selector, SessionId, Step, User, UserId,
        UserStatus,
    },
    password::{
        HashError, Password,
        rules::{self, Owner, PasswordRejection},
    },
    store::{Applied, Change, Changes, Conflict, StoreError},
};

/// Whose password becomes what.
#[derive(Debug, Clone)]
pub struct ChangePassword {
    /// The user.
    pub user: UserId,
    /// The session they are in.
    pub session: SessionId,
    /// The password of now: a stolen session must not be enough.
    pub current: Password,
    /// The password to be.
    pub new: Password,
    /// From where.
    pub address: Option<IpAddr>,
}

/// The password was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangePasswordError {
    /// The current password is wrong, or the user has none.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The session that was to stay has ended meanwhile. The password may have been changed.
    #[error("the session has ended")]
    SessionEnded,
    /// The new password is not good enough.
    #[error(transparent)]
    Rejected(#[from] PasswordRejection),
    /// The password could not be checked or hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// No access token could be made. The password was changed.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct PasswordChanged {
    /// How many other sessions ended.
    pub sessions_ended: u64,
    /// A fresh access token for the session that stays, which the caller delivers in place of the old one: every access
    /// token of before is dead.
    pub access: AccessToken,
}

/// Changes the password.
pub async fn change_password(
    ctx: &Context,
    command: ChangePassword,
    now: Timestamp,
) -> Result<PasswordChanged, ChangePasswordError> {
    let user = ctx.store.user(command.user).await?.filter(|user| user.status == UserStatus::Active);
    let hash = user.as_ref().and_then(|user| user.password.as_ref());
    let proof = ctx.hasher.verify(&command.current, hash).await?;
    let (Some(verified), Some(_proof)) = (user, proof) else {
        return Err(ChangePasswordError::WrongPassword);
    };

    let owner =
        Owner { username: &verified.username, email: verified.email.as_ref(), service: &ctx.settings.issuer };
    rules::check(&command.new, owner, &ctx.settings.passwords)?;
    let new = ctx.hasher.hash(&command.new, &*ctx.entropy).await?;

    let sessions_ended = commit(ctx, &verified, &new, &command, now).await?;
    let read = ctx.store.session_subject(command.session).await?;
    let (session, subject) = read.ok_or(ChangePasswordError::SessionEnded)?;
    if session.user_id != command.user || !session.is_live(now) {
        return Err(ChangePasswordError::SessionEnded);
    }
    // Issued under no refresh token: that it comes back proves nothing about the one the client holds.
    let access = minting::mint(ctx, &session, &subject, Step::NONE, now)?;
    Ok(PasswordChanged { sessions_ended, access })
}

async fn commit(
    ctx: &Context,
    verified: &User,
    new: &PasswordHash,
    command: &ChangePassword,
    now: Timestamp,
) -> Result<u64, ChangePasswordError> {
    for _ in 0..TRIES {
        let mut user = ctx.store.user(command.user).await?.ok_or(ChangePasswordError::WrongPassword)?;
        if user.password != verified.password {
            return Err(ChangePasswordError::WrongPassword);
        }
        user.password = Some(new.clone());
        match ctx.store.apply(changes(ctx, user, command, now)).await? {
            Applied::Committed { sessions_ended, .. } => return Ok(sessions_ended),
            Applied::Conflict(Conflict::UserChanged) => {}
            Applied::Conflict(conflict) => {
                return Err(
                    StoreError::Defect { doing: "changing a password", source: conflict.into() }.into()
                );
            }
        }
    }
    Err(contended("changing a password").into())
}

fn changes(ctx: &Context, user: User, command: &ChangePassword, now: Timestamp) -> Changes {
    let event = events::dead(Selector::Subject(user.id), Reason::PasswordChanged, now, &ctx.settings)
        .of(user.id, user.org_id.clone());
    Changes::one(Change::UpdateUser(user))
        .and(Change::EndSessionsOf {
            user_id: command.user,
            except: Some(command.session),
            at: now,
            reason: EndReason::PasswordChanged,
        })
        .event(event)
        .audit(AuditEntry {
            user_id: Some(command.user),
            session_id: Some(command.session),
            address: command.address,
            ..AuditEntry::new(AuditKind::PasswordChanged, now)
        })
}
