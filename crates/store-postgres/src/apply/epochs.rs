use handstamp_core::model::{EPOCH_STRIDE, LogPosition};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use jiff::Timestamp;

use super::Work;
use crate::failure::Refusal;
use crate::sql::log;

/// Begins another epoch of the log, if it still is in the one that was read, and notes up to where it goes on from that one. Returns
/// where the log stands.
pub(super) async fn begin(
    work: &Work<'_>,
    from: u32,
    to: u32,
    lost: Option<u32>,
    forget_at: Timestamp,
) -> Result<LogPosition, Refusal> {
    let (system, timeline) = work.here.map(|here| (here.system, here.timeline)).unzip();
    let row: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&i64::from(from), &i64::from(to), &column::number(EPOCH_STRIDE), &system, &timeline];
    let before = work
        .connection
        .optional(log::BEGIN_EPOCH, row, |fields| fields.of("revocation_log").number::<u64>("seq"))
        .await?;
    let before = before.ok_or(Conflict::EpochChanged)?;
    for epoch in std::iter::once(from).chain(lost) {
        let row: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
            &[&i64::from(epoch), &column::number(before), &column::time(forget_at)];
        work.connection.execute(log::ADD_EPOCH, row).await?;
    }
    Ok(LogPosition { epoch: to, seq: before + EPOCH_STRIDE })
}
