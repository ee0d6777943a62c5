use handstamp_core::model::{ClientId, VerifierReport};
use handstamp_core::store::rows::column;
use handstamp_token::KeyId;

use crate::connection::Connection;
use crate::failure::Refusal;
use crate::sql::reports;

/// Notes what a process says about itself, unless it is new and its service has as many as allowed, or what is there is younger.
pub(super) async fn note(
    connection: &Connection,
    report: &VerifierReport,
    at_most: u32,
) -> Result<(), Refusal> {
    connection
        .execute(
            reports::NOTE,
            &[
                &report.client.as_ref().map_or("", ClientId::as_str),
                &report.instance.as_str(),
                &column::texts(report.kids.iter().map(KeyId::as_str)),
                &i64::from(report.position.epoch),
                &column::number(report.position.seq),
                &i64::try_from(report.lag.as_millis()).unwrap_or(i64::MAX),
                &column::time(report.reported_at),
                &i64::from(at_most),
            ],
        )
        .await?;
    Ok(())
}
