use handstamp_core::model::{EPOCH_STRIDE, LogPosition, NewEvent, OrgId, UserId};
use handstamp_core::store::rows::{self, column};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::query::execute;

/// Adds an event under its number.
pub(super) fn add(connection: &Connection, seq: u64, event: &NewEvent) -> Result<(), Failure> {
    let (selector, target) = rows::log::selector(&event.selector);
    let sql = "INSERT INTO revocation_events (seq, selector, target, kind, reason, at, forget_at, user_id, org_id) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let row = params![
        column::number(seq),
        selector,
        target,
        rows::log::kind(event.kind),
        event.reason.as_str(),
        column::time(event.at),
        column::time(event.forget_at),
        event.user.as_ref().map(UserId::as_bytes),
        event.org_id.as_ref().map(OrgId::as_str)
    ];
    execute(connection, sql, row).map(drop)
}

/// Moves the log to the newest number of this transaction.
pub(crate) fn advance_log(connection: &Connection, head: LogPosition) -> Result<(), Failure> {
    let sql = "UPDATE revocation_log SET epoch = ?1, seq = ?2 WHERE only_row = 1";
    execute(connection, sql, params![head.epoch, column::number(head.seq)]).map(drop)
}

/// Says in the database that its log may have gone on elsewhere, as long as it is in the epoch that it is in now.
pub(crate) fn mark_as_copy(connection: &Connection) -> Result<(), Failure> {
    execute(connection, "UPDATE revocation_log SET copied_in = epoch WHERE only_row = 1", []).map(drop)
}

/// Notes up to where the epoch that begins goes on from the one before. Returns where the new one begins.
pub(super) fn begin_epoch(
    connection: &Connection,
    head: LogPosition,
    to: u32,
    lost: Option<u32>,
    forget_at: Timestamp,
) -> Result<LogPosition, Failure> {
    let sql = "INSERT INTO revocation_epochs (epoch, last_seq, forget_at) \
               SELECT ?1, ?3, ?4 UNION ALL SELECT ?2, ?3, ?4 WHERE ?2 IS NOT NULL";
    execute(connection, sql, params![head.epoch, lost, column::number(head.seq), column::time(forget_at)])?;
    Ok(LogPosition { epoch: to, seq: head.seq + EPOCH_STRIDE })
}
