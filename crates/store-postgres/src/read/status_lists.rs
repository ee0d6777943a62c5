use handstamp_core::model::{StatusBits, StatusList, StatusListId, TokenStatus};
use handstamp_core::store::rows::column;
use jiff::Timestamp;

use crate::failure::Failure;
use crate::fields::Fields;
use crate::pool::Pool;
use crate::sql::status_lists;

/// Returns every list, oldest first.
pub(crate) async fn list(pool: &Pool) -> Result<Vec<StatusList>, Failure> {
    pool.list(status_lists::LIST, &[], decode).await
}

/// Returns a list by id.
pub(crate) async fn by_id(pool: &Pool, id: StatusListId) -> Result<Option<StatusList>, Failure> {
    pool.optional(status_lists::BY_ID, &[&id.as_bytes().as_slice()], decode).await
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
        |fields| {
            let fields = fields.of("sessions");
            let index = fields.number("status_index")?;
            let status = fields.name("status", |name| match name {
                "invalid" => Some(TokenStatus::Invalid),
                "suspended" => Some(TokenStatus::Suspended),
                _ => None,
            })?;
            Ok((index, status))
        },
    )
    .await
}

/// Takes a list's columns.
pub(crate) fn decode(fields: &mut Fields<'_>) -> Result<StatusList, Failure> {
    let fields = fields.of("status_lists");
    Ok(StatusList {
        id: StatusListId::from_bytes(fields.short_id("id")?),
        bits: match StatusBits::from_count(fields.number("bits")?) {
            Some(bits) => bits,
            None => return Err(fields.wrong("bits", "a number other than 1 and 2")),
        },
        size: fields.number("size")?,
        taken: fields.number("taken")?,
        created_at: fields.time("created_at")?,
        keep_until: fields.time("keep_until")?,
    })
}
