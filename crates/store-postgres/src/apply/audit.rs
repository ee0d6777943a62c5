use handstamp_core::model::AuditEntry;
use handstamp_core::store::rows::column;

use super::plain;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::read::{session_id, user_id};
use crate::sql::audit;

/// Adds an entry.
pub(super) async fn add(connection: &Connection, entry: &AuditEntry) -> Result<(), Failure> {
    let done = connection
        .execute(
            audit::INSERT,
            &[
                &column::time(entry.at),
                &entry.kind.as_str(),
                &entry.user_id.map(user_id),
                &entry.session_id.map(session_id),
                &entry.actor.map(user_id),
                &entry.address.map(|address| address.to_string()),
                &entry.detail.as_deref().map(plain),
            ],
        )
        .await;
    done.map(drop)
}
