use handstamp_core::model::{AuditEntry, SessionId, UserId};
use handstamp_core::store::rows::column;
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::query::execute;

/// Adds an entry.
pub(crate) fn add(connection: &Connection, entry: &AuditEntry) -> Result<(), Failure> {
    let sql = "INSERT INTO audit_entries (at, kind, user_id, session_id, actor, address, detail) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let row = params![
        column::time(entry.at),
        entry.kind.as_str(),
        entry.user_id.as_ref().map(UserId::as_bytes),
        entry.session_id.as_ref().map(SessionId::as_bytes),
        entry.actor.as_ref().map(UserId::as_bytes),
        entry.address.map(|address| address.to_string()),
        entry.detail,
    ];
    execute(connection, sql, row).map(drop)
}
