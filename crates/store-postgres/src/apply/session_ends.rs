use handstamp_core::model::{EndReason, SessionId, UserId};
use handstamp_core::store::rows::column;
use jiff::Timestamp;

use crate::connection::Connection;
use crate::failure::Refusal;
use crate::read::{session_id, user_id};
use crate::sql::{sessions, users};

/// Ends a session if it is active. Returns how many were.
pub(super) async fn one(
    connection: &Connection,
    id: SessionId,
    at: Timestamp,
    reason: EndReason,
) -> Result<u64, Refusal> {
    Ok(connection.execute(sessions::END, &[&session_id(id), &column::time(at), &reason.as_str()]).await?)
}

/// Ends every active session of a user, but for one and the one that it was carried from. Returns how many were active.
///
/// The user is locked first: a session that begins at the same moment is then either there to be ended, or begins after it.
pub(super) async fn all_of(
    connection: &Connection,
    user: UserId,
    except: Option<SessionId>,
    at: Timestamp,
    reason: EndReason,
) -> Result<u64, Refusal> {
    let (user, except) = (user_id(user), except.map(session_id));
    connection.exists(users::LOCK, &[&user]).await?;
    Ok(connection
        .execute(sessions::END_OF_USER, &[&user, &except, &column::time(at), &reason.as_str()])
        .await?)
}
