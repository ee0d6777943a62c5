//! Organisations.

use super::{Fields, Unreadable};
use crate::model::{OrgId, Organization, OrganizationStatus};

/// Takes an organisation's columns.
pub fn decode(fields: &mut Fields<'_>) -> Result<Organization, Unreadable> {
    let id = fields.of("organizations").parsed("id")?;
    decode_rest(id, fields)
}

/// Takes an organisation's columns, which an outer join may have left empty.
pub fn decode_optional(fields: &mut Fields<'_>) -> Result<Option<Organization>, Unreadable> {
    let Some(id) = fields.of("organizations").optional_parsed("id")? else {
        fields.skip(3);
        return Ok(None);
    };
    decode_rest(id, fields).map(Some)
}

fn decode_rest(id: OrgId, fields: &mut Fields<'_>) -> Result<Organization, Unreadable> {
    Ok(Organization {
        id,
        name: fields.text("name")?.to_owned(),
        created_at: fields.time("created_at")?,
        status: match fields.optional_time("suspended_at")? {
            None => OrganizationStatus::Active,
            Some(at) => OrganizationStatus::Suspended { at },
        },
    })
}
