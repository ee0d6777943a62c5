use handstamp_core::model::{Email, OrgId, PasswordHash, Role, UpstreamName, User, UserId, UserStatus};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;

use super::{json, number};
use crate::connection::Connection;
use crate::failure::{Failure, Refusal};
use crate::read::user_id;
use crate::sql::users;

/// Adds a user.
pub(super) async fn create(connection: &Connection, user: &User) -> Result<(), Refusal> {
    let row = Row::of(user);
    connection
        .execute(
            users::INSERT,
            &[
                &user_id(user.id),
                &user.username.as_str(),
                &row.email,
                &row.org_id,
                &row.roles,
                &row.claims,
                &row.disabled_at,
                &row.password,
                &row.origin,
                &column::time(user.created_at),
                &row.version,
            ],
        )
        .await?;
    Ok(())
}

/// Adds a user if there is none.
pub(super) async fn create_first(connection: &Connection, user: &User) -> Result<(), Refusal> {
    connection.execute(users::LOCK_ALL, &[]).await?;
    if connection.exists(users::ANY, &[]).await? {
        return Err(Conflict::NotFirstUser.into());
    }
    create(connection, user).await
}

/// Replaces a user that still has the version that was read.
pub(super) async fn update(connection: &Connection, user: &User) -> Result<(), Refusal> {
    let row = Row::of(user);
    let updated = connection
        .execute(
            users::UPDATE,
            &[
                &user_id(user.id),
                &user.username.as_str(),
                &row.email,
                &row.org_id,
                &row.roles,
                &row.claims,
                &row.disabled_at,
                &row.password,
                &row.origin,
                &column::time(user.created_at),
                &row.version,
            ],
        )
        .await?;
    changed(updated)
}

/// Replaces the hash that was read.
pub(super) async fn rehash(
    connection: &Connection,
    user: UserId,
    from: &PasswordHash,
    to: &PasswordHash,
) -> Result<(), Refusal> {
    changed(connection.execute(users::REHASH, &[&user_id(user), &from.as_phc(), &to.as_phc()]).await?)
}

/// Returns what a broken constraint means. The database alone can tell which of two users who take one name at the same time is
/// the second.
pub(crate) fn conflict_of(failure: &Failure) -> Option<Conflict> {
    match failure.broken_constraint()? {
        // The same unit of work sent twice: its user is there, name and all.
        "users_username" | "users_pkey" => Some(Conflict::UsernameTaken),
        "users_email" => Some(Conflict::EmailTaken),
        "users_organization" => Some(Conflict::OrganizationUnknown),
        _ => None,
    }
}

fn changed(rows: u64) -> Result<(), Refusal> {
    if rows == 0 { Err(Conflict::UserChanged.into()) } else { Ok(()) }
}

/// The columns that are not the field as it stands.
struct Row<'a> {
    email: Option<&'a str>,
    org_id: Option<&'a str>,
    roles: String,
    claims: String,
    disabled_at: Option<i64>,
    password: Option<&'a str>,
    origin: Option<&'a str>,
    version: i64,
}

impl<'a> Row<'a> {
    fn of(user: &'a User) -> Self {
        let claims = user.claims.iter().map(|(name, value)| (name.clone(), value.clone()));
        Self {
            email: user.email.as_ref().map(Email::as_str),
            org_id: user.org_id.as_ref().map(OrgId::as_str),
            roles: json(user.roles.iter().map(Role::as_str)),
            claims: claims.collect::<serde_json::Value>().to_string(),
            disabled_at: match user.status {
                UserStatus::Active => None,
                UserStatus::Disabled { at } => Some(column::time(at)),
            },
            password: user.password.as_ref().map(PasswordHash::as_phc),
            origin: user.origin.as_ref().map(UpstreamName::as_str),
            version: number(user.version),
        }
    }
}
