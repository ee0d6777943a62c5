use handstamp_core::model::{LogPosition, RevocationEvent};
use handstamp_core::store::rows;
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::query;

/// The columns in the order that [`rows::log::decode`] takes them.
macro_rules! columns {
    () => {
        "revocation_log.epoch, revocation_log.seq"
    };
}
pub(crate) use columns;

/// The columns of an event in the order that [`rows::log::decode_event`] takes them.
macro_rules! event_columns {
    () => {
        "SELECT seq, selector, target, kind, reason, at, forget_at, user_id, org_id FROM revocation_events"
    };
}

/// Every event, in order.
pub(crate) const EVERY_EVENT: &str = concat!(event_columns!(), " ORDER BY seq");

/// Every epoch that the current one goes on from, oldest first, with what [`rows::log::decode_epoch`] leaves.
pub(crate) const EVERY_EPOCH: &str =
    "SELECT epoch, last_seq, forget_at FROM revocation_epochs ORDER BY epoch";

/// Returns where the revocation log stands.
pub(crate) fn head(connection: &Connection) -> Result<LogPosition, Failure> {
    let sql = concat!("SELECT ", columns!(), " FROM revocation_log WHERE only_row = 1");
    query::optional(connection, sql, [], rows::log::decode)?
        .ok_or_else(|| Failure::Corrupt("table revocation_log has lost its row".to_owned()))
}

/// Returns events with a number above `seq`, in order.
pub(crate) fn events_after(
    connection: &Connection,
    seq: u64,
    limit: u32,
) -> Result<Vec<RevocationEvent>, Failure> {
    let sql = concat!(event_columns!(), " WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    // A number past the end of the log has nothing after it, however far past.
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    query::list(connection, sql, params![seq, limit], rows::log::decode_event)
}

/// Returns the epochs that the current one goes on from, oldest first, each with its last number.
pub(crate) fn earlier_epochs(connection: &Connection) -> Result<Vec<LogPosition>, Failure> {
    let sql = "SELECT epoch, last_seq FROM revocation_epochs ORDER BY epoch";
    query::list(connection, sql, [], rows::log::decode_epoch)
}

/// Returns how far the log of a copy must be taken to have been: further than it is, while it still is in the epoch in which it was
/// copied. `None` where the database is no copy, or has begun an epoch of its own.
pub(crate) fn mark_of_copy(connection: &Connection) -> Result<Option<LogPosition>, Failure> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM revocation_log WHERE only_row = 1 AND copied_in = revocation_log.epoch"
    );
    let head = query::optional(connection, sql, [], rows::log::decode)?;
    Ok(head.map(|head| LogPosition { seq: head.seq + 1, ..head }))
}
