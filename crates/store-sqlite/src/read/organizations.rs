use handstamp_core::model::{OrgId, Organization};
use handstamp_core::store::rows;
use rusqlite::Connection;

use crate::failure::Failure;
use crate::query;

/// The columns in the order that [`rows::organizations::decode`] takes them.
macro_rules! columns {
    () => {
        "organizations.id, organizations.name, organizations.created_at, organizations.suspended_at"
    };
}
pub(crate) use columns;

/// Every organisation.
pub(crate) const EVERY: &str = concat!("SELECT ", columns!(), " FROM organizations");

/// Returns an organisation by id.
pub(crate) fn by_id(connection: &Connection, id: &OrgId) -> Result<Option<Organization>, Failure> {
    let sql = concat!("SELECT ", columns!(), " FROM organizations WHERE id = ?1");
    query::optional(connection, sql, [id.as_str()], rows::organizations::decode)
}

/// Returns every organisation, in the order of ids.
pub(crate) fn list(connection: &Connection) -> Result<Vec<Organization>, Failure> {
    let sql = concat!("SELECT ", columns!(), " FROM organizations ORDER BY id");
    query::list(connection, sql, [], rows::organizations::decode)
}
