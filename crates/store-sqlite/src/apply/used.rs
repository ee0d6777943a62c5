use handstamp_core::model::OneTimePurpose;
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::failure::Refusal;
use crate::query::execute;

/// Uses something up, unless somebody did before.
pub(super) fn once(
    connection: &Connection,
    purpose: OneTimePurpose,
    id: &str,
    expires_at: Timestamp,
) -> Result<(), Refusal> {
    let sql = "INSERT INTO used_ids (purpose, id, expires_at) VALUES (?1, ?2, ?3) \
               ON CONFLICT (purpose, id) DO NOTHING";
    match execute(connection, sql, params![purpose.as_str(), id, column::time(expires_at)])? {
        0 => Err(Conflict::AlreadyUsed.into()),
        _ => Ok(()),
    }
}
