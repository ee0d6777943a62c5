use handstamp_core::model::{OrgId, Organization, OrganizationStatus};
use rusqlite::Connection;

use crate::failure::Failure;
use crate::fields::Fields;
use crate::query;

/// The columns in the order that [`decode`] takes them.
macro_rules! columns {
    () => {
        "organizations.id, organizations.name, organizations.created_at, organizations.suspended_at"
    };
}
pub(crate) use columns;

/// Every organisation.
pub(crate) const EVERY: &str = concat!("SELECT ", columns!(), " FROM organizations");

const COLUMNS: usize = 4;

/// Returns an organisation by id.
pub(crate) fn by_id(connection: &Connection, id: &OrgId) -> Result<Option<Organization>, Failure> {
    let sql = concat!("SELECT ", columns!(), " FROM organizations WHERE id = ?1");
    query::optional(connection, sql, [id.as_str()], decode)
}

/// Returns every organisation, in the order of ids.
pub(crate) fn list(connection: &Connection) -> Result<Vec<Organization>, Failure> {
    let sql = concat!("SELECT ", columns!(), " FROM organizations ORDER BY id");
    query::list(connection, sql, [], decode)
}

/// Takes an organisation's columns, which an outer join may have left empty.
pub(crate) fn decode_optional(fields: &mut Fields<'_, '_>) -> Result<Option<Organization>, Failure> {
    if fields.is_null() {
        fields.skip(COLUMNS);
        return Ok(None);
    }
    decode(fields).map(Some)
}

/// Takes an organisation's columns.
pub(crate) fn decode(fields: &mut Fields<'_, '_>) -> Result<Organization, Failure> {
    let fields = fields.of("organizations");
    Ok(Organization {
        id: fields.parsed("id")?,
        name: fields.text("name")?.to_owned(),
        created_at: fields.time("created_at")?,
        status: match fields.optional_time("suspended_at")? {
            None => OrganizationStatus::Active,
            Some(at) => OrganizationStatus::Suspended { at },
        },
    })
}
