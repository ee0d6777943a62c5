use handstamp_core::model::{Client, ClientId};
use handstamp_core::store::rows;

use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::clients;

/// Returns a machine client by id.
pub(crate) async fn by_id(pool: &Pool, id: &ClientId) -> Result<Option<Client>, Failure> {
    pool.optional(clients::BY_ID, &[&id.as_str()], rows::clients::decode).await
}

/// Returns every machine client, in the order of ids.
pub(crate) async fn list(pool: &Pool) -> Result<Vec<Client>, Failure> {
    pool.list(clients::LIST, &[], rows::clients::decode).await
}
