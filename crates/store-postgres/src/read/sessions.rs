use handstamp_core::model::{Session, SessionId, UserId};
use handstamp_core::store::rows::{self, column};
use jiff::Timestamp;

use super::{session_id, user_id};
use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::sessions;

/// Returns a session by id.
pub(crate) async fn by_id(pool: &Pool, id: SessionId) -> Result<Option<Session>, Failure> {
    pool.optional(sessions::BY_ID, &[&session_id(id)], rows::sessions::decode).await
}

/// Returns a user's sessions that are active and have not run out, newest first.
pub(crate) async fn live(pool: &Pool, user: UserId, now: Timestamp) -> Result<Vec<Session>, Failure> {
    pool.list(sessions::LIVE, &[&user_id(user), &column::time(now)], rows::sessions::decode).await
}
