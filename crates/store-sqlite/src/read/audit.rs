use handstamp_core::model::{AuditEntry, UserId};
use handstamp_core::store::rows;
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::query;

/// The columns in the order that [`rows::audit::decode`] takes them.
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
        return query::list(connection, sql, params![user.as_bytes(), limit], rows::audit::decode);
    }
    let sql = concat!("SELECT ", columns!(), " FROM audit_entries ORDER BY id DESC LIMIT ?1");
    query::list(connection, sql, [limit], rows::audit::decode)
}
