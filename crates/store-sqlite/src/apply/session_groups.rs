//! Sessions that were carried to other sites, and the groups they make.

use handstamp_core::model::{Carried, EndReason, LogPosition, NewEvent, Selector, Session, SessionId};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{events, session_ends};
use crate::failure::Refusal;
use crate::query::{self, execute, exists};

/// Checks that a session may be carried: what it comes from is there, and has not been carried to the same site already.
pub(super) fn check(connection: &Connection, session: &Session, carried: &Carried) -> Result<(), Refusal> {
    let home = "SELECT 1 FROM sessions \
                WHERE id = ?1 AND user_id = ?2 AND carried_from IS NULL AND ended_at IS NULL";
    let is_there = exists(connection, home, params![carried.from.as_bytes(), session.user_id.as_bytes()])?;
    let before = "SELECT 1 FROM sessions WHERE carried_from = ?1 AND carried_to = ?2 AND ended_at IS NULL \
                  AND absolute_expiry > ?3 AND idle_expiry > ?3";
    let row = params![carried.from.as_bytes(), carried.to.as_str(), column::time(session.created_at)];
    if !is_there || exists(connection, before, row)? {
        return Err(Conflict::SessionChanged.into());
    }
    Ok(())
}

/// Ends every active session of the group of an active one, each with an event. Returns how many.
pub(super) fn end(
    connection: &Connection,
    id: SessionId,
    (at, reason): (Timestamp, EndReason),
    event: &NewEvent,
    head: &mut LogPosition,
) -> Result<u64, Refusal> {
    let root = "SELECT coalesce(carried_from, id) AS root FROM sessions WHERE id = ?1 AND ended_at IS NULL";
    let root = query::optional(connection, root, [id.as_bytes()], |fields| {
        Ok(SessionId::from_bytes(fields.of("sessions").id("root")?))
    })?;
    let Some(root) = root else { return Ok(0) };
    let group = "SELECT id FROM sessions WHERE id = ?1 AND ended_at IS NULL UNION ALL \
                 SELECT id FROM sessions WHERE carried_from = ?1 AND ended_at IS NULL";
    let mut group = query::list(connection, group, [root.as_bytes()], |fields| {
        Ok(SessionId::from_bytes(fields.of("sessions").id("id")?))
    })?;
    group.sort_unstable();
    for id in &group {
        session_ends::one(connection, *id, at, reason)?;
        head.seq += 1;
        let event = NewEvent { selector: Selector::Session(*id), ..event.clone() };
        events::add(connection, head.seq, &event)?;
    }
    Ok(group.len() as u64)
}

/// Keeps a session from running out before a moment, unless it is over.
pub(super) fn keep(connection: &Connection, id: SessionId, idle_expiry: Timestamp) -> Result<(), Refusal> {
    let sql = "UPDATE sessions SET idle_expiry = max(idle_expiry, ?2) WHERE id = ?1 AND ended_at IS NULL";
    execute(connection, sql, params![id.as_bytes(), column::time(idle_expiry)])?;
    Ok(())
}
