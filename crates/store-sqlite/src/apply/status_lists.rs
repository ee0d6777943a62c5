use handstamp_core::model::{SessionId, StatusList, StatusListId, StatusPlace};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::failure::Refusal;
use crate::query::execute;

/// Gives a session a place, if it is active and still has the one that was read.
pub(super) fn place(
    connection: &Connection,
    session: SessionId,
    from: Option<StatusPlace>,
    to: StatusPlace,
) -> Result<(), Refusal> {
    let sql = "UPDATE sessions SET status_list = ?4, status_index = ?5 \
               WHERE id = ?1 AND ended_at IS NULL AND status_list IS ?2 AND status_index IS ?3";
    let (list, index) = (from.as_ref().map(|from| from.list.as_bytes()), from.map(|from| from.index));
    match execute(connection, sql, params![session.as_bytes(), list, index, to.list.as_bytes(), to.index])? {
        0 => Err(Conflict::SessionChanged.into()),
        _ => Ok(()),
    }
}

/// Adds a list.
pub(super) fn begin(connection: &Connection, list: &StatusList) -> Result<(), Refusal> {
    changed(execute(
        connection,
        "INSERT INTO status_lists (id, bits, size, taken, created_at, keep_until) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING",
        params![
            list.id.as_bytes(),
            list.bits.count(),
            list.size,
            list.taken,
            column::time(list.created_at),
            column::time(list.keep_until),
        ],
    )?)
}

/// Takes places that nobody took since the list was read.
pub(super) fn take(
    connection: &Connection,
    list: StatusListId,
    from: u32,
    to: u32,
    keep_until: Timestamp,
) -> Result<(), Refusal> {
    let sql =
        "UPDATE status_lists SET taken = ?3, keep_until = max(keep_until, ?4) WHERE id = ?1 AND taken = ?2";
    changed(execute(connection, sql, params![list.as_bytes(), from, to, column::time(keep_until)])?)
}

fn changed(rows: usize) -> Result<(), Refusal> {
    if rows == 0 { Err(Conflict::StatusListChanged.into()) } else { Ok(()) }
}
