use handstamp_core::model::{StatusBits, StatusList, StatusListId, TokenStatus};
use handstamp_core::store::rows::column;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::fields::Fields;
use crate::query;

/// The columns in the order that [`decode`] takes them.
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
    query::list(connection, sql, [], decode)
}

/// Returns a list by id.
pub(crate) fn by_id(connection: &Connection, id: StatusListId) -> Result<Option<StatusList>, Failure> {
    let sql = concat!("SELECT ", columns!(), " FROM status_lists WHERE id = ?1");
    query::optional(connection, sql, [id.as_bytes()], decode)
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
    query::list(connection, sql, params![list.as_bytes(), column::time(since)], |fields| {
        let fields = fields.of("sessions");
        let index = fields.number("status_index")?;
        let status = fields.name("status", |name| match name {
            "invalid" => Some(TokenStatus::Invalid),
            "suspended" => Some(TokenStatus::Suspended),
            _ => None,
        })?;
        Ok((index, status))
    })
}

/// Takes a list's columns.
pub(crate) fn decode(fields: &mut Fields<'_, '_>) -> Result<StatusList, Failure> {
    let fields = fields.of("status_lists");
    Ok(StatusList {
        id: StatusListId::from_bytes(fields.short_id("id")?),
        bits: match StatusBits::from_count(fields.number("bits")?) {
            Some(bits) => bits,
            None => return Err(fields.wrong("bits", "a number other than 1 and 2")),
        },
        size: fields.number("size")?,
        taken: fields.number("taken")?,
        created_at: fields.time("created_at")?,
        keep_until: fields.time("keep_until")?,
    })
}
