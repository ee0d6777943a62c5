use handstamp_core::model::{StatusList, StatusListId, TokenStatus};
use handstamp_core::store::rows::{self, column};
use jiff::Timestamp;

use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::status_lists;

/// Returns every list, oldest first.
pub(crate) async fn list(pool: &Pool) -> Result<Vec<StatusList>, Failure> {
    pool.list(status_lists::LIST, &[], rows::status_lists::decode).await
}

/// Returns a list by id.
pub(crate) async fn by_id(pool: &Pool, id: StatusListId) -> Result<Option<StatusList>, Failure> {
    pool.optional(status_lists::BY_ID, &[&id.as_bytes().as_slice()], rows::status_lists::decode).await
}

/// Returns the places of a list whose tokens are not good.
pub(crate) async fn bad_places(
    pool: &Pool,
    list: StatusListId,
    since: Timestamp,
) -> Result<Vec<(u32, TokenStatus)>, Failure> {
    pool.list_by_values(
        status_lists::BAD_PLACES,
        &[&list.as_bytes().as_slice(), &column::time(since)],
        rows::status_lists::decode_bad_place,
    )
    .await
}
