use handstamp_core::model::{RefreshState, SessionId, Step};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::failure::Refusal;
use crate::query::execute;

/// Moves the refresh family on, if everything the decision rests on still holds.
pub(super) fn rotate(
    connection: &Connection,
    id: SessionId,
    from: &RefreshState,
    to: &RefreshState,
    idle_expiry: Timestamp,
) -> Result<(), Refusal> {
    changed(execute(
        connection,
        "UPDATE sessions SET generation = ?8, branch = ?9, parent_branch = ?10, rotated_at = ?11, \
         handed_out_at = ?12, confirmed = ?13, idle_expiry = max(idle_expiry, ?14) \
         WHERE id = ?1 AND generation = ?2 AND branch = ?3 AND parent_branch IS ?4 AND rotated_at = ?5 \
         AND handed_out_at = ?6 AND confirmed = ?7 AND ended_at IS NULL",
        params![
            id.as_bytes(),
            from.generation,
            from.branch,
            from.parent_branch,
            column::time(from.rotated_at),
            column::time(from.handed_out_at),
            from.confirmed,
            to.generation,
            to.branch,
            to.parent_branch,
            column::time(to.rotated_at),
            column::time(to.handed_out_at),
            to.confirmed,
            column::time(idle_expiry),
        ],
    )?)
}

/// Notes that the current token was handed out again, if the family still stands where the decision found it.
pub(super) fn hand_out_again(
    connection: &Connection,
    id: SessionId,
    from: &RefreshState,
    at: Timestamp,
) -> Result<(), Refusal> {
    changed(execute(
        connection,
        "UPDATE sessions SET handed_out_at = max(handed_out_at, ?4) \
         WHERE id = ?1 AND generation = ?2 AND branch = ?3 AND ended_at IS NULL",
        params![id.as_bytes(), from.generation, from.branch, column::time(at)],
    )?)
}

/// Notes that an access token came back. Of a session that is over or gone there is nothing to note.
pub(super) fn see(
    connection: &Connection,
    id: SessionId,
    at: Timestamp,
    issued_under: Step,
) -> Result<(), Refusal> {
    execute(
        connection,
        "UPDATE sessions SET last_seen_at = max(last_seen_at, ?2), \
         confirmed = confirmed OR (generation = ?3 AND branch = ?4) WHERE id = ?1 AND ended_at IS NULL",
        params![id.as_bytes(), column::time(at), issued_under.generation, issued_under.branch],
    )?;
    Ok(())
}

/// Renames the device.
pub(super) fn relabel(connection: &Connection, id: SessionId, device: &str) -> Result<(), Refusal> {
    let sql = "UPDATE sessions SET device = ?2 WHERE id = ?1 AND ended_at IS NULL";
    changed(execute(connection, sql, params![id.as_bytes(), device])?)
}

fn changed(rows: usize) -> Result<(), Refusal> {
    if rows == 0 { Err(Conflict::SessionChanged.into()) } else { Ok(()) }
}
