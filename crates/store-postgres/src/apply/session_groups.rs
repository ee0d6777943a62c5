//! Sessions that were carried to other sites, and the groups they make.

use handstamp_core::model::{Carried, EndReason, NewEvent, Selector, Session, SessionId};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use jiff::Timestamp;
use uuid::Uuid;

use super::session_ends;
use crate::connection::Connection;
use crate::failure::{Failure, Refusal};
use crate::read::{session_id, user_id};
use crate::sql::{sessions, users};

/// Checks that a session may be carried: what it comes from is there, and has not been carried to the same site already.
pub(super) async fn check(
    connection: &Connection,
    session: &Session,
    carried: &Carried,
) -> Result<(), Refusal> {
    let home = session_id(carried.from);
    let is_there = connection.exists(sessions::LOCK_HOME, &[&home, &user_id(session.user_id)]).await?;
    let row: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&home, &carried.to.as_str(), &column::time(session.created_at)];
    if !is_there || connection.exists(sessions::IS_CARRIED, row).await? {
        return Err(Conflict::SessionChanged.into());
    }
    Ok(())
}

/// Ends every active session of the group of an active one. Returns an event for each.
///
/// The user is locked first, as whoever starts a session does: what was carried a moment before is there to be ended.
pub(super) async fn end(
    connection: &Connection,
    id: SessionId,
    at: Timestamp,
    reason: EndReason,
    event: &NewEvent,
) -> Result<Vec<NewEvent>, Refusal> {
    let Some((owner, root)) = owner(connection, id).await? else { return Ok(Vec::new()) };
    connection.exists(users::LOCK, &[&owner]).await?;
    let group = connection
        .list(sessions::LOCK_GROUP, &[&root], |fields| {
            Ok(SessionId::from_bytes(fields.of("sessions").id("id")?))
        })
        .await?;
    if !group.contains(&id) {
        // Over meanwhile.
        return Ok(Vec::new());
    }
    let mut events = Vec::with_capacity(group.len());
    for id in group {
        session_ends::one(connection, id, at, reason).await?;
        events.push(NewEvent { selector: Selector::Session(id), ..event.clone() });
    }
    Ok(events)
}

async fn owner(connection: &Connection, id: SessionId) -> Result<Option<(Uuid, Uuid)>, Failure> {
    connection
        .optional(sessions::OWNER, &[&session_id(id)], |fields| {
            let fields = fields.of("sessions");
            Ok((Uuid::from_bytes(fields.id("user_id")?), Uuid::from_bytes(fields.id("carried_from")?)))
        })
        .await
}
