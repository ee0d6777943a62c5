use handstamp_core::model::StoredKey;
use handstamp_core::store::rows;
use rusqlite::Connection;

use crate::failure::Failure;
use crate::query;

/// The columns in the order that [`rows::keys::decode`] takes them.
macro_rules! columns {
    () => {
        "id, purpose, algorithm, sealed, state, state_at, remove_at, created_at"
    };
}

/// Every key.
pub(crate) const EVERY: &str = concat!("SELECT ", columns!(), " FROM keys");

/// Returns every key, oldest first.
pub(crate) fn list(connection: &Connection) -> Result<Vec<StoredKey>, Failure> {
    let sql = concat!("SELECT ", columns!(), " FROM keys ORDER BY created_at, id");
    query::list(connection, sql, [], rows::keys::decode)
}
