use handstamp_core::model::StoredKey;
use handstamp_core::store::rows;

use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::keys;

/// Returns every key, oldest first.
pub(crate) async fn list(pool: &Pool) -> Result<Vec<StoredKey>, Failure> {
    pool.list(keys::LIST, &[], rows::keys::decode).await
}
