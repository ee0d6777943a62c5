use std::collections::HashMap;

use handstamp_core::model::{Session, SessionId, UserId};
use handstamp_core::store::Subject;
use handstamp_core::store::rows;
use uuid::Uuid;

use super::{session_id, user_id};
use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::subjects;

/// Returns all that an access token says of a user.
pub(crate) async fn by_user(pool: &Pool, user: UserId) -> Result<Option<Subject>, Failure> {
    pool.optional(subjects::BY_USER, &[&user_id(user)], rows::subjects::decode).await
}

/// Returns sessions, each with all that an access token says of its user. One that cannot be read hurts no other.
pub(crate) async fn by_sessions(
    pool: &Pool,
    ids: &[SessionId],
) -> Result<HashMap<SessionId, Result<(Session, Subject), Failure>>, Failure> {
    let ids: Vec<Uuid> = ids.iter().copied().map(session_id).collect();
    let found = pool
        .list(subjects::BY_SESSIONS, &[&ids], |fields| {
            let id = SessionId::from_bytes(fields.of("sessions").id("id")?);
            let read = rows::sessions::decode(fields)
                .and_then(|session| Ok((session, rows::subjects::decode(fields)?)));
            Ok((id, read.map_err(Failure::from)))
        })
        .await?;
    Ok(found.into_iter().collect())
}
