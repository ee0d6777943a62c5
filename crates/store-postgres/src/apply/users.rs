use handstamp_core::model::{PasswordHash, User, UserId};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use handstamp_core::store::rows::users::UserColumns;

use crate::connection::{Connection, Params};
use crate::failure::{Failure, Refusal};
use crate::read::user_id;
use crate::sql::{Sql, users};

/// Adds a user.
pub(super) async fn create(connection: &Connection, user: &User) -> Result<(), Refusal> {
    write(connection, users::INSERT, user).await?;
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
    changed(write(connection, users::UPDATE, user).await?)
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

async fn write(connection: &Connection, sql: Sql, user: &User) -> Result<u64, Failure> {
    let columns = UserColumns::of(user);
    let row: Params<'_> = &[
        &user_id(user.id),
        &user.username.as_str(),
        &columns.email,
        &columns.org_id,
        &columns.roles,
        &columns.claims,
        &columns.disabled_at,
        &columns.password,
        &columns.origin,
        &column::time(user.created_at),
        &columns.version,
    ];
    connection.execute(sql, row).await
}

fn changed(rows: u64) -> Result<(), Refusal> {
    if rows == 0 { Err(Conflict::UserChanged.into()) } else { Ok(()) }
}
