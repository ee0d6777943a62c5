use std::collections::HashMap;

use handstamp_core::model::{Session, SessionId, UserId};
use handstamp_core::store::Subject;
use uuid::Uuid;

use super::{log, organizations, session_id, sessions, user_id, users};
use crate::failure::Failure;
use crate::fields::Fields;
use crate::pool::Pool;
use crate::sql::subjects;

/// Returns all that an access token says of a user.
pub(crate) async fn by_user(pool: &Pool, user: UserId) -> Result<Option<Subject>, Failure> {
    pool.optional(subjects::BY_USER, &[&user_id(user)], decode).await
}

/// Returns sessions, each with all that an access token says of its user.
pub(crate) async fn by_sessions(
    pool: &Pool,
    ids: &[SessionId],
) -> Result<HashMap<SessionId, (Session, Subject)>, Failure> {
    let ids: Vec<Uuid> = ids.iter().copied().map(session_id).collect();
    let found = pool
        .list(subjects::BY_SESSIONS, &[&ids], |fields| {
            let session = sessions::decode(fields)?;
            Ok((session.id, (session, decode(fields)?)))
        })
        .await?;
    Ok(found.into_iter().collect())
}

/// Takes a subject's columns.
pub(crate) fn decode(fields: &mut Fields<'_>) -> Result<Subject, Failure> {
    Ok(Subject {
        user: users::decode(fields)?,
        organization: organizations::decode_optional(fields)?,
        rev: log::decode(fields)?,
    })
}
