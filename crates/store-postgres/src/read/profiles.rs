use handstamp_core::model::{Profile, UserId};
use handstamp_core::store::Subject;
use handstamp_core::store::rows;

use super::user_id;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::profiles;

/// Returns a user's profile; an empty one where none was set.
pub(crate) async fn by_user(connection: &Connection, user: UserId) -> Result<Profile, Failure> {
    Ok(connection
        .optional(profiles::BY_USER, &[&user_id(user)], rows::profiles::decode)
        .await?
        .unwrap_or_default())
}

/// Returns all that is told of a user, in one snapshot.
pub(crate) async fn with_subject(pool: &Pool, user: UserId) -> Result<Option<(Subject, Profile)>, Failure> {
    pool.optional(profiles::WITH_SUBJECT, &[&user_id(user)], |fields| {
        Ok((rows::subjects::decode(fields)?, rows::profiles::decode(fields)?))
    })
    .await
}
