//! What was used once.

use super::{Fields, Unreadable};
use crate::model::OneTimePurpose;
use crate::store::transfer::Row;

/// Takes the columns of something that was used.
pub fn decode(fields: &mut Fields<'_>) -> Result<Row, Unreadable> {
    let fields = fields.of("used_ids");
    Ok(Row::UsedId {
        purpose: fields.name("purpose", OneTimePurpose::from_name)?,
        id: fields.text("id")?.to_owned(),
        expires_at: fields.time("expires_at")?,
    })
}
