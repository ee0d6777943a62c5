use handstamp_core::model::{StatusList, StatusListId, TokenStatus};
use handstamp_core::store::rows::{self, column};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::query;

/// The columns in the order that [`rows::status_lists::decode`] takes them.
macro_rules! columns {
    () => {
        "id, bits, size, taken, created_at, keep_until"
    };
}

/// Every list.
pub(crate) const EVERY: &str = concat!("SELECT ", columns!(), " FROM status_lists");

/// Returns every list, oldest first.
pub(crate) fn list(connection: &Connection) -> Result<Vec<StatusList>, Failure> {
    let sql = concat!("SELECT ", columns!(), " FROM status_lists ORDER BY created_at, id");
    query::list(connection, sql, [], rows::status_lists::decode)
}

/// Returns a list by id.
pub(crate) fn by_id(connection: &Connection, id: StatusListId) -> Result<Option<StatusList>, Failure> {
    let sql = concat!("SELECT ", columns!(), " FROM status_lists WHERE id = ?1");
    query::optional(connection, sql, [id.as_bytes()], rows::status_lists::decode)
}

/// Returns the places of a list whose tokens are not good.
///
/// One statement, and so one snapshot. It reads the sessions that ended lately, and the members of organisations that were
/// suspended lately; the joins are crossed so that SQLite begins with those few organisations.
pub(crate) fn bad_places(
    connection: &Connection,
    list: StatusListId,
    since: Timestamp,
) -> Result<Vec<(u32, TokenStatus)>, Failure> {
    let sql = "SELECT status_index, 'invalid' FROM sessions WHERE status_list = ?1 AND ended_at >= ?2 \
               UNION ALL \
               SELECT sessions.status_index, 'suspended' FROM organizations \
               CROSS JOIN users ON users.org_id = organizations.id \
               CROSS JOIN sessions ON sessions.user_id = users.id AND sessions.ended_at IS NULL \
               WHERE organizations.suspended_at >= ?2 AND sessions.status_list = ?1";
    query::list(
        connection,
        sql,
        params![list.as_bytes(), column::time(since)],
        rows::status_lists::decode_bad_place,
    )
}
