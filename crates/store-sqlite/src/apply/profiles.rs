use handstamp_core::model::{Profile, UserId};
use handstamp_core::store::Conflict;
use rusqlite::{Connection, params};

use crate::failure::Refusal;
use crate::query::{execute, exists};
use crate::read;

/// Replaces the profile that was read. An empty one is no row.
pub(super) fn set(
    connection: &Connection,
    user: UserId,
    from: &Profile,
    to: &Profile,
) -> Result<(), Refusal> {
    let is_there = exists(connection, "SELECT 1 FROM users WHERE id = ?1", [user.as_bytes()])?;
    if !is_there || read::profiles::by_user(connection, user)? != *from {
        return Err(Conflict::UserChanged.into());
    }
    if to.is_empty() {
        execute(connection, "DELETE FROM profiles WHERE user_id = ?1", [user.as_bytes()])?;
    } else {
        let sql = "INSERT INTO profiles (user_id, members) VALUES (?1, ?2) \
                   ON CONFLICT (user_id) DO UPDATE SET members = excluded.members";
        execute(connection, sql, params![user.as_bytes(), to.to_json()])?;
    }
    Ok(())
}
