use handstamp_core::model::{OrgId, Organization, OrganizationStatus};

use crate::failure::Failure;
use crate::fields::Fields;
use crate::pool::Pool;
use crate::sql::organizations;

/// Returns an organisation by id.
pub(crate) async fn by_id(pool: &Pool, id: &OrgId) -> Result<Option<Organization>, Failure> {
    Ok(pool.optional(organizations::BY_ID, &[&id.as_str()], decode_optional).await?.flatten())
}

/// Returns every organisation, in the order of ids.
pub(crate) async fn list(pool: &Pool) -> Result<Vec<Organization>, Failure> {
    let list = pool.list(organizations::LIST, &[], decode_optional).await?;
    Ok(list.into_iter().flatten().collect())
}

/// Takes an organisation's columns, which an outer join may have left empty.
pub(crate) fn decode_optional(fields: &mut Fields<'_>) -> Result<Option<Organization>, Failure> {
    let fields = fields.of("organizations");
    let Some(id) = fields.optional_parsed("id")? else {
        fields.skip(3);
        return Ok(None);
    };
    Ok(Some(Organization {
        id,
        name: fields.text("name")?.to_owned(),
        created_at: fields.time("created_at")?,
        status: match fields.optional_time("suspended_at")? {
            None => OrganizationStatus::Active,
            Some(at) => OrganizationStatus::Suspended { at },
        },
    }))
}
