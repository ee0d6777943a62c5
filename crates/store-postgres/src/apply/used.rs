use handstamp_core::model::OneTimePurpose;
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use jiff::Timestamp;

use super::plain;
use crate::connection::Connection;
use crate::failure::Refusal;
use crate::sql::used;

/// Uses something up, unless somebody did before.
pub(super) async fn once(
    connection: &Connection,
    purpose: OneTimePurpose,
    id: &str,
    expires_at: Timestamp,
) -> Result<(), Refusal> {
    match connection
        .execute(used::INSERT, &[&purpose.as_str(), &plain(id), &column::time(expires_at)])
        .await?
    {
        0 => Err(Conflict::AlreadyUsed.into()),
        _ => Ok(()),
    }
}
