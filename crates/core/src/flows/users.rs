//! What administrators do with users. Each change writes its revocation event and its audit entry in the same transaction.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::{TRIES, contended, events};
use crate::{
    Context, claims,
    model::{
        AuditEntry, AuditKind, Email, EndReason, OrgId, Reason, Role, Selector, User, UserId, UserStatus,
        Username,
    },
    password::{
        HashError, Password,
        rules::{self, Owner, PasswordRejection},
    },
    store::{Applied, Change, Changes, Conflict, StoreError},
};

/// Somebody to be added.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Unique.
    pub username: Username,
    /// Unique where given.
    pub email: Option<Email>,
    /// System-wide roles.
    pub roles: BTreeSet<Role>,
    /// The organisation; it must exist.
    pub org_id: Option<OrgId>,
    /// Absent for those who will sign in through an upstream, or get a password later.
    pub password: Option<Password>,
}

/// The user was not added or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsersError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The user name is taken.
    #[error("the user name is taken")]
    UsernameTaken,
    /// The e-mail address is taken.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The organisation does not exist.
    #[error("the organisation does not exist")]
    OrganizationUnknown,
    /// There is a user already, so there is no first one to be made.
    #[error("there is a user already")]
    NotFirstUser,
    /// The password is not good enough.
    #[error(transparent)]
    Password(#[from] PasswordRejection),
    /// A custom claim has the name of one that tokens have anyway.
    #[error("the claim name {name:?} is reserved")]
    ReservedClaim {
        /// The name.
        name: String,
    },
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Conflict> for UsersError {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::UsernameTaken => Self::UsernameTaken,
            Conflict::EmailTaken => Self::EmailTaken,
            Conflict::OrganizationUnknown => Self::OrganizationUnknown,
            Conflict::NotFirstUser => Self::NotFirstUser,
            other => StoreError::Defect { doing: "changing a user", source: other.into() }.into(),
        }
    }
}

/// Adds a user.
pub async fn add(
    ctx: &Context,
    new: NewUser,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<User, UsersError> {
    let user = prepare(ctx, new, now).await?;
    create(ctx, user, Change::CreateUser, actor, now).await
}

/// Disables a user: every session ends, every token dies.
pub async fn disable(
    ctx: &Context,
    id: UserId,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<User, UsersError> {
    let settings = &ctx.settings;
    update(ctx, id, changed(id, actor, "disabled", now), |user, changes| {
        if matches!(user.status, UserStatus::Disabled { .. }) {
            return None;
        }
        user.status = UserStatus::Disabled { at: now };
        let reason = EndReason::AccountDisabled;
        Some(
            changes.and(Change::EndSessionsOf { user_id: id, except: None, at: now, reason }).event(
                events::dead(Selector::Subject(id), Reason::AccountDisabled, now, settings)
                    .of(id, user.org_id.clone()),
            ),
        )
    })
    .await
}

/// Enables a user. The sessions of before stay ended. Their profile says that they may sign in.
pub async fn enable(
    ctx: &Context,
    id: UserId,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<User, UsersError> {
    update(ctx, id, changed(id, actor, "enabled", now), |user, changes| {
        let was = std::mem::replace(&mut user.status, UserStatus::Active);
        let told = events::stale(Selector::Profile(id), Reason::ProfileChanged, now, &ctx.settings);
        (was != UserStatus::Active).then(|| changes.event(told.of(id, user.org_id.clone())))
    })
    .await
}

/// Replaces a user's roles. Their tokens go stale: every device refreshes once.
pub async fn set_roles(
    ctx: &Context,
    id: UserId,
    roles: BTreeSet<Role>,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<User, UsersError> {
    let shown = roles.iter().map(Role::as_str).collect::<Vec<_>>().join(" ");
    update(ctx, id, changed(id, actor, &format!("roles: {shown}"), now), |user, changes| {
        let was = std::mem::replace(&mut user.roles, roles.clone());
        (was != roles).then(|| changes.event(claims_changed(ctx, id, user.org_id.clone(), now)))
    })
    .await
}

/// Moves a user into an organisation, or out of every one. Their tokens go stale: every device refreshes once.
pub async fn set_org(
    ctx: &Context,
    id: UserId,
    org_id: Option<OrgId>,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<User, UsersError> {
    let shown = org_id.as_ref().map_or("none", OrgId::as_str);
    update(ctx, id, changed(id, actor, &format!("organisation: {shown}"), now), |user, changes| {
        let was = std::mem::replace(&mut user.org_id, org_id.clone());
        // The tokens that are stale now name the organisation of before.
        (was != org_id).then(|| changes.event(claims_changed(ctx, id, was, now)))
    })
    .await
}

/// Replaces a user's custom claims. Their tokens go stale.
pub async fn set_claims(
    ctx: &Context,
    id: UserId,
    custom: BTreeMap<String, Value>,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<User, UsersError> {
    if let Some(name) = custom.keys().find(|name| claims::is_reserved(name)) {
        return Err(UsersError::ReservedClaim { name: name.clone() });
    }
    update(ctx, id, changed(id, actor, "claims", now), |user, changes| {
        let was = std::mem::replace(&mut user.claims, custom.clone());
        (was != custom).then(|| changes.event(claims_changed(ctx, id, user.org_id.clone(), now)))
    })
    .await
}

/// Sets a user's password for them: every session ends.
pub async fn set_password(
    ctx: &Context,
    id: UserId,
    password: &Password,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<User, UsersError> {
    let user = ctx.store.user(id).await?.ok_or(UsersError::NotFound)?;
    let owner = Owner { username: &user.username, email: user.email.as_ref(), service: &ctx.settings.issuer };
    rules::check(password, owner, &ctx.settings.passwords)?;
    let hash = ctx.hasher.hash(password, &*ctx.entropy).await?;
    let settings = &ctx.settings;
    let entry = AuditEntry { user_id: Some(id), actor, ..AuditEntry::new(AuditKind::PasswordChanged, now) };
    update(ctx, id, entry, |user, changes| {
        user.password = Some(hash.clone());
        let reason = EndReason::PasswordChanged;
        Some(
            changes.and(Change::EndSessionsOf { user_id: id, except: None, at: now, reason }).event(
                events::dead(Selector::Subject(id), Reason::PasswordChanged, now, settings)
                    .of(id, user.org_id.clone()),
            ),
        )
    })
    .await
}

/// Ends every session of a user. Returns how many.
pub async fn end_sessions(
    ctx: &Context,
    id: UserId,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<u64, UsersError> {
    let user = ctx.store.user(id).await?.ok_or(UsersError::NotFound)?;
    let reason = EndReason::EndedByAdmin;
    let event = events::dead(Selector::Subject(id), Reason::Operator, now, &ctx.settings).of(id, user.org_id);
    let changes = Changes::one(Change::EndSessionsOf { user_id: id, except: None, at: now, reason })
        .event(event)
        .audit(AuditEntry {
            user_id: Some(id),
            actor,
            detail: Some("all sessions, by an administrator".to_owned()),
            ..AuditEntry::new(AuditKind::SessionEnded, now)
        });
    match ctx.store.apply(changes).await? {
        Applied::Committed { sessions_ended, .. } => Ok(sessions_ended),
        Applied::Conflict(conflict) => Err(conflict.into()),
    }
}

/// Checks and hashes what a new user needs.
pub(super) async fn prepare(ctx: &Context, new: NewUser, now: Timestamp) -> Result<User, UsersError> {
    let password = match &new.password {
        Some(password) => {
            let owner =
                Owner { username: &new.username, email: new.email.as_ref(), service: &ctx.settings.issuer };
            rules::check(password, owner, &ctx.settings.passwords)?;
            Some(ctx.hasher.hash(password, &*ctx.entropy).await?)
        }
        None => None,
    };
    Ok(User {
        id: UserId::random(&*ctx.entropy),
        username: new.username,
        email: new.email,
        org_id: new.org_id,
        roles: new.roles,
        claims: BTreeMap::new(),
        status: UserStatus::Active,
        password,
        origin: None,
        created_at: now,
        version: 0,
    })
}

pub(super) async fn create(
    ctx: &Context,
    user: User,
    change: impl FnOnce(User) -> Change,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<User, UsersError> {
    let entry = AuditEntry {
        user_id: Some(user.id),
        actor,
        detail: Some(user.username.to_string()),
        ..AuditEntry::new(AuditKind::UserCreated, now)
    };
    match ctx.store.apply(Changes::one(change(user.clone())).audit(entry)).await? {
        Applied::Committed { .. } => Ok(user),
        Applied::Conflict(conflict) => Err(conflict.into()),
    }
}

/// Reads, changes and writes a user until nobody was faster. `change` returns what goes along, or `None` for nothing to do.
async fn update(
    ctx: &Context,
    id: UserId,
    entry: AuditEntry,
    change: impl Fn(&mut User, Changes) -> Option<Changes>,
) -> Result<User, UsersError> {
    for _ in 0..TRIES {
        let mut user = ctx.store.user(id).await?.ok_or(UsersError::NotFound)?;
        let Some(along) = change(&mut user, Changes::default()) else { return Ok(user) };
        let mut changes = along.audit(entry.clone());
        // First, so that a lost race is noticed before anything else is done.
        changes.changes.insert(0, Change::UpdateUser(user.clone()));
        match ctx.store.apply(changes).await? {
            Applied::Committed { .. } => {
                user.version += 1;
                return Ok(user);
            }
            Applied::Conflict(Conflict::UserChanged) => {}
            Applied::Conflict(conflict) => return Err(conflict.into()),
        }
    }
    Err(contended("changing a user").into())
}

fn changed(id: UserId, actor: Option<UserId>, what: &str, now: Timestamp) -> AuditEntry {
    let detail = Some(what.to_owned());
    AuditEntry { user_id: Some(id), actor, detail, ..AuditEntry::new(AuditKind::UserChanged, now) }
}

fn claims_changed(
    ctx: &Context,
    id: UserId,
    org_id: Option<OrgId>,
    now: Timestamp,
) -> crate::model::NewEvent {
    events::stale(Selector::Subject(id), Reason::ClaimsChanged, now, &ctx.settings).of(id, org_id)
}
