use handstamp_core::model::{OrgId, Organization};
use handstamp_core::store::rows;

use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::organizations;

/// Returns an organisation by id.
pub(crate) async fn by_id(pool: &Pool, id: &OrgId) -> Result<Option<Organization>, Failure> {
    pool.optional(organizations::BY_ID, &[&id.as_str()], rows::organizations::decode).await
}

/// Returns every organisation, in the order of ids.
pub(crate) async fn list(pool: &Pool) -> Result<Vec<Organization>, Failure> {
    pool.list(organizations::LIST, &[], rows::organizations::decode).await
}
