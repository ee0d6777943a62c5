use handstamp_core::model::{LogPosition, RevocationEvent};
use handstamp_core::store::rows;

use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::log;

/// Returns where the revocation log stands.
pub(crate) async fn head(pool: &Pool) -> Result<LogPosition, Failure> {
    pool.optional(log::HEAD, &[], rows::log::decode).await?.ok_or_else(row_is_gone)
}

/// Returns the failure of a log without its row.
pub(crate) fn row_is_gone() -> Failure {
    Failure::Corrupt("table revocation_log has lost its row".to_owned())
}

/// Returns events with a number above `seq`, in order.
pub(crate) async fn events_after(pool: &Pool, seq: u64, limit: u32) -> Result<Vec<RevocationEvent>, Failure> {
    // A number past the end of the log has nothing after it, however far past.
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    pool.list(log::EVENTS_AFTER, &[&seq, &i64::from(limit)], rows::log::decode_event).await
}

/// Returns the epochs that the current one goes on from, oldest first, each with its last number.
pub(crate) async fn earlier_epochs(pool: &Pool) -> Result<Vec<LogPosition>, Failure> {
    pool.list(log::EARLIER_EPOCHS, &[], rows::log::decode_epoch).await
}
