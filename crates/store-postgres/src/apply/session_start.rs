use handstamp_core::model::{Session, SessionState, UserId};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use jiff::Timestamp;

use super::{plain, session_groups};
use crate::connection::Connection;
use crate::failure::{Failure, Refusal};
use crate::read::{session_id, user_id};
use crate::sql::{sessions, users};

/// Adds a session of a user who still is as they were read.
///
/// The user stays locked until the commit: nobody changes them meanwhile, and two sign-ins of one user count one after the other.
pub(super) async fn start(
    connection: &Connection,
    session: &Session,
    user_version: u64,
    at_most: Option<u32>,
) -> Result<(), Refusal> {
    let version = connection
        .optional(users::LOCK, &[&user_id(session.user_id)], |fields| {
            fields.of("users").number::<u64>("version")
        })
        .await?;
    if version != Some(user_version) {
        return Err(Conflict::UserChanged.into());
    }
    if let Some(carried) = &session.carried {
        session_groups::check(connection, session, carried).await?;
    }
    if let Some(at_most) = at_most
        && count_live(connection, session.user_id, session.created_at).await? >= u64::from(at_most)
    {
        return Err(Conflict::TooManySessions.into());
    }
    insert(connection, session).await
}

async fn count_live(connection: &Connection, user: UserId, now: Timestamp) -> Result<u64, Failure> {
    let count = connection
        .optional(sessions::COUNT_LIVE, &[&user_id(user), &column::time(now)], |fields| {
            fields.of("sessions").number("count")
        })
        .await?;
    Ok(count.unwrap_or(0))
}

/// Adds a session as it is.
pub(super) async fn insert(connection: &Connection, session: &Session) -> Result<(), Refusal> {
    let refresh = &session.refresh;
    let (ended_at, end_reason) = match session.state {
        SessionState::Active => (None, None),
        SessionState::Ended { at, reason } => (Some(column::time(at)), Some(reason.as_str())),
    };
    let inserted = connection
        .execute(
            sessions::INSERT,
            &[
                &session_id(session.id),
                &user_id(session.user_id),
                &session.client_id.as_str(),
                &plain(&session.device),
                &column::time(session.created_at),
                &column::time(session.auth_time),
                &column::texts(session.amr.iter().map(String::as_str)),
                &column::time(session.absolute_expiry),
                &column::time(session.idle_expiry),
                &column::number(refresh.generation.into()),
                &column::number(refresh.branch.into()),
                &refresh.parent_branch.map(i64::from),
                &column::time(refresh.rotated_at),
                &column::time(refresh.handed_out_at),
                &refresh.confirmed,
                &column::time(session.last_seen_at),
                &ended_at,
                &end_reason,
                &session.status.as_ref().map(|place| place.list.as_bytes().as_slice()),
                &session.status.map(|place| i64::from(place.index)),
                &session.carried.as_ref().map(|carried| session_id(carried.from)),
                &session.carried.as_ref().map(|carried| carried.to.as_str()),
            ],
        )
        .await?;
    // An id drawn twice, or the same unit of work sent twice: there is a session, and it is not this one.
    if inserted == 0 { Err(Conflict::SessionChanged.into()) } else { Ok(()) }
}
