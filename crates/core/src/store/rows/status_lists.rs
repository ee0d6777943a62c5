//! Status lists.

use super::{Fields, Unreadable};
use crate::model::{StatusBits, StatusList, StatusListId, TokenStatus};

/// Takes a list's columns.
pub fn decode(fields: &mut Fields<'_>) -> Result<StatusList, Unreadable> {
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

/// Takes a place in a list, and the name of what its token is instead of good: `invalid` or `suspended`.
pub fn decode_bad_place(fields: &mut Fields<'_>) -> Result<(u32, TokenStatus), Unreadable> {
    let fields = fields.of("sessions");
    let index = fields.number("status_index")?;
    let status = fields.name("status", |name| match name {
        "invalid" => Some(TokenStatus::Invalid),
        "suspended" => Some(TokenStatus::Suspended),
        _ => None,
    })?;
    Ok((index, status))
}
