use std::cmp::Reverse;

use handstamp_core::model::{Session, SessionId, UserId};
use handstamp_core::store::rows::{self, column};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::query;

/// The columns in the order that [`rows::sessions::decode`] takes them.
macro_rules! columns {
    () => {
        "sessions.id, sessions.user_id, sessions.client_id, sessions.device, sessions.created_at, \
         sessions.auth_time, sessions.amr, sessions.absolute_expiry, sessions.idle_expiry, sessions.generation, \
         sessions.branch, sessions.parent_branch, sessions.rotated_at, sessions.handed_out_at, sessions.confirmed, \
         sessions.last_seen_at, sessions.status_list, sessions.status_index, sessions.carried_from, \
         sessions.carried_to, sessions.ended_at, sessions.end_reason"
    };
}
pub(crate) use columns;

/// Every session, in the order of birth as far as the table knows it: so they lie again where they come to.
pub(crate) const EVERY: &str = concat!("SELECT ", columns!(), " FROM sessions ORDER BY sessions.rowid");

/// Returns a session by id.
pub(crate) fn by_id(connection: &Connection, id: SessionId) -> Result<Option<Session>, Failure> {
    let sql = concat!("SELECT ", columns!(), " FROM sessions WHERE id = ?1");
    query::optional(connection, sql, [id.as_bytes()], rows::sessions::decode)
}

/// Returns a user's sessions that are active and have not run out, newest first.
pub(crate) fn live(connection: &Connection, user: UserId, now: Timestamp) -> Result<Vec<Session>, Failure> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM sessions WHERE user_id = ?1 AND ended_at IS NULL AND absolute_expiry > ?2 AND idle_expiry > ?2"
    );
    let mut sessions =
        query::list(connection, sql, params![user.as_bytes(), column::time(now)], rows::sessions::decode)?;
    sessions.sort_by_key(|session| Reverse((session.created_at, session.id)));
    Ok(sessions)
}

/// Returns how many sessions of a user are active and have not run out, without those that were carried from one.
pub(crate) fn count_live(connection: &Connection, user: UserId, now: Timestamp) -> Result<u64, Failure> {
    let sql = "SELECT count(*) FROM sessions \
               WHERE user_id = ?1 AND ended_at IS NULL AND absolute_expiry > ?2 AND idle_expiry > ?2 \
               AND carried_from IS NULL";
    let count = query::optional(connection, sql, params![user.as_bytes(), column::time(now)], |fields| {
        fields.of("sessions").number("count")
    })?;
    Ok(count.unwrap_or(0))
}
