use handstamp_core::model::{Organization, OrganizationStatus};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use rusqlite::{Connection, params};

use crate::failure::Refusal;
use crate::query::execute;

/// Adds an organisation.
pub(super) fn create(connection: &Connection, organization: &Organization) -> Result<(), Refusal> {
    let sql = "INSERT INTO organizations (id, name, created_at, suspended_at) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT (id) DO NOTHING";
    match write(connection, sql, organization)? {
        0 => Err(Conflict::OrganizationTaken.into()),
        _ => Ok(()),
    }
}

/// Replaces an organisation.
pub(super) fn update(connection: &Connection, organization: &Organization) -> Result<(), Refusal> {
    let sql = "UPDATE organizations SET name = ?2, created_at = ?3, suspended_at = ?4 WHERE id = ?1";
    match write(connection, sql, organization)? {
        0 => Err(Conflict::OrganizationUnknown.into()),
        _ => Ok(()),
    }
}

fn write(connection: &Connection, sql: &str, organization: &Organization) -> Result<usize, Refusal> {
    let suspended_at = match organization.status {
        OrganizationStatus::Active => None,
        OrganizationStatus::Suspended { at } => Some(column::time(at)),
    };
    let row = params![
        organization.id.as_str(),
        organization.name,
        column::time(organization.created_at),
        suspended_at
    ];
    Ok(execute(connection, sql, row)?)
}
