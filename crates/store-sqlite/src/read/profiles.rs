use handstamp_core::model::{Profile, UserId};
use handstamp_core::store::Subject;
use handstamp_core::store::rows;
use rusqlite::Connection;

use super::{log, organizations, subjects, users};
use crate::failure::Failure;
use crate::query;

/// Every profile, after whose it is.
pub(crate) const EVERY: &str = "SELECT user_id, members FROM profiles";

/// Returns a user's profile; an empty one where none was set.
pub(crate) fn by_user(connection: &Connection, user: UserId) -> Result<Profile, Failure> {
    let sql = "SELECT members FROM profiles WHERE user_id = ?1";
    Ok(query::optional(connection, sql, [user.as_bytes()], rows::profiles::decode)?.unwrap_or_default())
}

/// Returns all that is told of a user, in one snapshot.
pub(crate) fn with_subject(
    connection: &Connection,
    user: UserId,
) -> Result<Option<(Subject, Profile)>, Failure> {
    let sql = concat!(
        "SELECT ",
        subjects::columns!(),
        ", profiles.members FROM users ",
        subjects::joins!(),
        " LEFT JOIN profiles ON profiles.user_id = users.id WHERE users.id = ?1"
    );
    query::optional(connection, sql, [user.as_bytes()], |fields| {
        Ok((rows::subjects::decode(fields)?, rows::profiles::decode(fields)?))
    })
}
