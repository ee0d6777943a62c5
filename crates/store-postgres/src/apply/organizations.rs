use handstamp_core::model::{Organization, OrganizationStatus};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;

use super::plain;
use crate::connection::Connection;
use crate::failure::{Failure, Refusal};
use crate::sql::{Sql, organizations};

/// Adds an organisation.
pub(super) async fn create(connection: &Connection, organization: &Organization) -> Result<(), Refusal> {
    match write(connection, organizations::INSERT, organization).await? {
        0 => Err(Conflict::OrganizationTaken.into()),
        _ => Ok(()),
    }
}

/// Replaces an organisation.
pub(super) async fn update(connection: &Connection, organization: &Organization) -> Result<(), Refusal> {
    match write(connection, organizations::UPDATE, organization).await? {
        0 => Err(Conflict::OrganizationUnknown.into()),
        _ => Ok(()),
    }
}

async fn write(connection: &Connection, sql: Sql, organization: &Organization) -> Result<u64, Failure> {
    let suspended_at = match organization.status {
        OrganizationStatus::Active => None,
        OrganizationStatus::Suspended { at } => Some(column::time(at)),
    };
    let (id, name) = (organization.id.as_str(), plain(&organization.name));
    connection.execute(sql, &[&id, &name, &column::time(organization.created_at), &suspended_at]).await
}
