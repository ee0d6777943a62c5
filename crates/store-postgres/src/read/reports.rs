use std::time::Duration;

use handstamp_core::model::{LogPosition, VerifierReport};
use handstamp_token::KeyId;

use crate::failure::Failure;
use crate::fields::Fields;
use crate::pool::Pool;
use crate::sql::reports;

/// Returns every report, in the order of services and processes.
pub(crate) async fn list(pool: &Pool) -> Result<Vec<VerifierReport>, Failure> {
    pool.list(reports::LIST, &[], decode).await
}

/// Takes a report's columns.
pub(crate) fn decode(fields: &mut Fields<'_>) -> Result<VerifierReport, Failure> {
    let fields = fields.of("verifier_reports");
    let client = fields.text("client_id")?;
    let client = (!client.is_empty()).then(|| client.parse());
    Ok(VerifierReport {
        client: client.transpose().map_err(|_| fields.wrong("client_id", "text of another form"))?,
        instance: fields.parsed("instance")?,
        kids: kids(fields)?,
        position: LogPosition { epoch: fields.number("epoch")?, seq: fields.number("seq")? },
        lag: Duration::from_millis(fields.number("lag_ms")?),
        reported_at: fields.time("reported_at")?,
    })
}

fn kids(fields: &mut Fields<'_>) -> Result<Vec<KeyId>, Failure> {
    let kids: Vec<String> = fields.texts("kids")?;
    let kids = kids.into_iter().map(KeyId::new).collect::<Result<_, _>>();
    kids.map_err(|_| fields.wrong("kids", "text of another form"))
}
