use handstamp_core::model::{AuditEntry, AuditKind, SessionId, UserId};
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::fields::Fields;
use crate::query;

/// The columns in the order that [`decode`] takes them.
macro_rules! columns {
    () => {
        "at, kind, user_id, session_id, actor, address, detail"
    };
}

/// Every entry, oldest first.
pub(crate) const EVERY: &str = concat!("SELECT ", columns!(), " FROM audit_entries ORDER BY id");

/// Returns the newest entries, newest first, of one user or of all.
pub(crate) fn newest(
    connection: &Connection,
    user: Option<UserId>,
    limit: u32,
) -> Result<Vec<AuditEntry>, Failure> {
    if let Some(user) = user {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM audit_entries WHERE user_id = ?1 ORDER BY id DESC LIMIT ?2"
        );
        return query::list(connection, sql, params![user.as_bytes(), limit], decode);
    }
    let sql = concat!("SELECT ", columns!(), " FROM audit_entries ORDER BY id DESC LIMIT ?1");
    query::list(connection, sql, [limit], decode)
}

/// Takes an entry's columns.
pub(crate) fn decode(fields: &mut Fields<'_, '_>) -> Result<AuditEntry, Failure> {
    let fields = fields.of("audit_entries");
    Ok(AuditEntry {
        at: fields.time("at")?,
        kind: fields.name("kind", AuditKind::from_name)?,
        user_id: fields.optional_id("user_id")?.map(UserId::from_bytes),
        session_id: fields.optional_id("session_id")?.map(SessionId::from_bytes),
        actor: fields.optional_id("actor")?.map(UserId::from_bytes),
        address: fields.optional_parsed("address")?,
        detail: fields.optional_text("detail")?.map(str::to_owned),
    })
}
