use handstamp_core::model::{PasswordHash, User, UserId};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use handstamp_core::store::rows::users::UserColumns;
use rusqlite::{Connection, params};

use crate::failure::{Failure, Refusal};
use crate::query::{execute, exists};
use crate::read;

/// Adds a user.
pub(super) fn create(connection: &Connection, user: &User) -> Result<(), Refusal> {
    check_names(connection, user, None)?;
    check_organization(connection, user)?;
    let row = UserColumns::of(user);
    execute(
        connection,
        "INSERT INTO users \
         (id, username, email, org_id, roles, claims, disabled_at, password, created_at, version, origin) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            user.id.as_bytes(),
            user.username.as_str(),
            row.email,
            row.org_id,
            row.roles,
            row.claims,
            row.disabled_at,
            row.password,
            column::time(user.created_at),
            row.version,
            row.origin,
        ],
    )?;
    Ok(())
}

/// Adds a user if there is none.
pub(super) fn create_first(connection: &Connection, user: &User) -> Result<(), Refusal> {
    if read::users::has_any(connection)? {
        return Err(Conflict::NotFirstUser.into());
    }
    create(connection, user)
}

/// Replaces a user that still has the version that was read.
pub(super) fn update(connection: &Connection, user: &User) -> Result<(), Refusal> {
    let row = UserColumns::of(user);
    let sql = "SELECT 1 FROM users WHERE id = ?1 AND version = ?2";
    if !exists(connection, sql, params![user.id.as_bytes(), row.version])? {
        return Err(Conflict::UserChanged.into());
    }
    check_names(connection, user, Some(user.id))?;
    check_organization(connection, user)?;
    execute(
        connection,
        "UPDATE users SET username = ?2, email = ?3, org_id = ?4, roles = ?5, claims = ?6, disabled_at = ?7, \
         password = ?8, created_at = ?9, origin = ?10, version = version + 1 WHERE id = ?1",
        params![
            user.id.as_bytes(),
            user.username.as_str(),
            row.email,
            row.org_id,
            row.roles,
            row.claims,
            row.disabled_at,
            row.password,
            column::time(user.created_at),
            row.origin,
        ],
    )?;
    Ok(())
}

/// Replaces the hash that was read.
pub(super) fn rehash(
    connection: &Connection,
    user: UserId,
    from: &PasswordHash,
    to: &PasswordHash,
) -> Result<(), Refusal> {
    let sql = "UPDATE users SET password = ?3 WHERE id = ?1 AND password = ?2";
    match execute(connection, sql, params![user.as_bytes(), from.as_phc(), to.as_phc()])? {
        0 => Err(Conflict::UserChanged.into()),
        _ => Ok(()),
    }
}

/// Refuses a name or an address that anybody has but this one.
fn check_names(connection: &Connection, user: &User, but: Option<UserId>) -> Result<(), Refusal> {
    let but = but.as_ref().map(UserId::as_bytes);
    let taken = |sql, name: &str| -> Result<bool, Failure> { exists(connection, sql, params![name, but]) };
    if taken("SELECT 1 FROM users WHERE username = ?1 AND id IS NOT ?2", user.username.as_str())? {
        return Err(Conflict::UsernameTaken.into());
    }
    if let Some(email) = &user.email
        && taken("SELECT 1 FROM users WHERE email = ?1 AND id IS NOT ?2", email.as_str())?
    {
        return Err(Conflict::EmailTaken.into());
    }
    Ok(())
}

fn check_organization(connection: &Connection, user: &User) -> Result<(), Refusal> {
    match &user.org_id {
        Some(id) if !exists(connection, "SELECT 1 FROM organizations WHERE id = ?1", [id.as_str()])? => {
            Err(Conflict::OrganizationUnknown.into())
        }
        _ => Ok(()),
    }
}
