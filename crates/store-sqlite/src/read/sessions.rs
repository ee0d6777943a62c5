use std::cmp::Reverse;

use handstamp_core::model::{
    Carried, EndReason, RefreshState, Session, SessionId, SessionState, StatusListId, StatusPlace, UserId,
};
use handstamp_core::store::rows::column;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::fields::Fields;
use crate::query;

/// The columns in the order that [`decode`] takes them.
macro_rules! columns {
    () => {
        "sessions.id, sessions.user_id, sessions.client_id, sessions.device, sessions.created_at, \
         sessions.auth_time, sessions.amr, sessions.absolute_expiry, sessions.idle_expiry, sessions.generation, \
         sessions.branch, sessions.parent_branch, sessions.rotated_at, sessions.handed_out_at, sessions.confirmed, \
         sessions.last_seen_at, sessions.status_list, sessions.status_index, sessions.carried_from, \
         sessions.carried_to, sessions.ended_at, sessions.end_reason"
    };
}
pub(crate) use columns;

/// Every session, in the order of birth as far as the table knows it: so they lie again where they come to.
pub(crate) const EVERY: &str = concat!("SELECT ", columns!(), " FROM sessions ORDER BY sessions.rowid");

/// Returns a session by id.
pub(crate) fn by_id(connection: &Connection, id: SessionId) -> Result<Option<Session>, Failure> {
    let sql = concat!("SELECT ", columns!(), " FROM sessions WHERE id = ?1");
    query::optional(connection, sql, [id.as_bytes()], decode)
}

/// Returns a user's sessions that are active and have not run out, newest first.
pub(crate) fn live(connection: &Connection, user: UserId, now: Timestamp) -> Result<Vec<Session>, Failure> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM sessions WHERE user_id = ?1 AND ended_at IS NULL AND absolute_expiry > ?2 AND idle_expiry > ?2"
    );
    let mut sessions = query::list(connection, sql, params![user.as_bytes(), column::time(now)], decode)?;
    sessions.sort_by_key(|session| Reverse((session.created_at, session.id)));
    Ok(sessions)
}

/// Returns how many sessions of a user are active and have not run out, without those that were carried from one.
pub(crate) fn count_live(connection: &Connection, user: UserId, now: Timestamp) -> Result<u64, Failure> {
    let sql = "SELECT count(*) FROM sessions \
               WHERE user_id = ?1 AND ended_at IS NULL AND absolute_expiry > ?2 AND idle_expiry > ?2 \
               AND carried_from IS NULL";
    let count = query::optional(connection, sql, params![user.as_bytes(), column::time(now)], |fields| {
        fields.of("sessions").number("count")
    })?;
    Ok(count.unwrap_or(0))
}

/// Takes a session's columns.
pub(crate) fn decode(fields: &mut Fields<'_, '_>) -> Result<Session, Failure> {
    let fields = fields.of("sessions");
    Ok(Session {
        id: SessionId::from_bytes(fields.id("id")?),
        user_id: UserId::from_bytes(fields.id("user_id")?),
        client_id: fields.parsed("client_id")?,
        device: fields.text("device")?.to_owned(),
        created_at: fields.time("created_at")?,
        auth_time: fields.time("auth_time")?,
        amr: fields.texts("amr")?,
        absolute_expiry: fields.time("absolute_expiry")?,
        idle_expiry: fields.time("idle_expiry")?,
        refresh: decode_refresh(fields)?,
        last_seen_at: fields.time("last_seen_at")?,
        status: decode_place(fields)?,
        carried: decode_carried(fields)?,
        state: decode_state(fields)?,
    })
}

fn decode_refresh(fields: &mut Fields<'_, '_>) -> Result<RefreshState, Failure> {
    Ok(RefreshState {
        generation: fields.number("generation")?,
        branch: fields.number("branch")?,
        parent_branch: fields.optional_number("parent_branch")?,
        rotated_at: fields.time("rotated_at")?,
        handed_out_at: fields.time("handed_out_at")?,
        confirmed: fields.flag("confirmed")?,
    })
}

fn decode_place(fields: &mut Fields<'_, '_>) -> Result<Option<StatusPlace>, Failure> {
    if fields.is_null() {
        fields.skip(2);
        return Ok(None);
    }
    let list = StatusListId::from_bytes(fields.short_id("status_list")?);
    Ok(Some(StatusPlace { list, index: fields.number("status_index")? }))
}

fn decode_carried(fields: &mut Fields<'_, '_>) -> Result<Option<Carried>, Failure> {
    if fields.is_null() {
        fields.skip(2);
        return Ok(None);
    }
    let from = SessionId::from_bytes(fields.id("carried_from")?);
    Ok(Some(Carried { from, to: fields.parsed("carried_to")? }))
}

fn decode_state(fields: &mut Fields<'_, '_>) -> Result<SessionState, Failure> {
    let ended_at = fields.optional_time("ended_at")?;
    let reason = fields.optional_name("end_reason", EndReason::from_name)?;
    match (ended_at, reason) {
        (None, None) => Ok(SessionState::Active),
        (Some(at), Some(reason)) => Ok(SessionState::Ended { at, reason }),
        (Some(_), None) => Err(fields.wrong("end_reason", "nothing, although the session ended")),
        (None, Some(_)) => Err(fields.wrong("end_reason", "a reason, although the session goes on")),
    }
}
