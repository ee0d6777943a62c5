//! What processes of services say about themselves.

use std::time::Duration;

use handstamp_token::KeyId;

use super::{Fields, Unreadable};
use crate::model::{LogPosition, VerifierReport};

/// Takes a report's columns.
pub fn decode(fields: &mut Fields<'_>) -> Result<VerifierReport, Unreadable> {
    let fields = fields.of("verifier_reports");
    let client = fields.text("client_id")?;
    let client = (!client.is_empty()).then(|| client.parse());
    Ok(VerifierReport {
        client: client.transpose().map_err(|_| fields.another_form("client_id"))?,
        instance: fields.parsed("instance")?,
        kids: kids(fields)?,
        position: LogPosition { epoch: fields.number("epoch")?, seq: fields.number("seq")? },
        lag: Duration::from_millis(fields.number("lag_ms")?),
        reported_at: fields.time("reported_at")?,
    })
}

fn kids(fields: &mut Fields<'_>) -> Result<Vec<KeyId>, Unreadable> {
    let kids: Vec<String> = fields.texts("kids")?;
    let kids = kids.into_iter().map(KeyId::new).collect::<Result<_, _>>();
    kids.map_err(|_| fields.another_form("kids"))
}
