use handstamp_core::model::{Session, SessionState};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use rusqlite::{Connection, params};

use super::session_groups;
use crate::failure::Refusal;
use crate::query::{execute, exists};
use crate::read;

/// Adds a session of a user who still is as they were read.
pub(super) fn start(
    connection: &Connection,
    session: &Session,
    user_version: u64,
    at_most: Option<u32>,
) -> Result<(), Refusal> {
    // A version past the end matches none.
    let version = i64::try_from(user_version).unwrap_or(i64::MAX);
    let sql = "SELECT 1 FROM users WHERE id = ?1 AND version = ?2";
    if !exists(connection, sql, params![session.user_id.as_bytes(), version])? {
        return Err(Conflict::UserChanged.into());
    }
    if let Some(carried) = &session.carried {
        session_groups::check(connection, session, carried)?;
    }
    if let Some(at_most) = at_most
        && read::sessions::count_live(connection, session.user_id, session.created_at)? >= u64::from(at_most)
    {
        return Err(Conflict::TooManySessions.into());
    }
    insert(connection, session)
}

/// Adds a session as it is.
pub(super) fn insert(connection: &Connection, session: &Session) -> Result<(), Refusal> {
    let refresh = &session.refresh;
    let (ended_at, end_reason) = match session.state {
        SessionState::Active => (None, None),
        SessionState::Ended { at, reason } => (Some(column::time(at)), Some(reason.as_str())),
    };
    let inserted = execute(
        connection,
        "INSERT INTO sessions \
         (id, user_id, client_id, device, created_at, auth_time, amr, absolute_expiry, idle_expiry, check_expiry_at, \
         generation, branch, parent_branch, rotated_at, handed_out_at, confirmed, last_seen_at, ended_at, end_reason, \
         status_list, status_index, carried_from, carried_to) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, min(?8, ?9), ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
         ?19, ?20, ?21, ?22) \
         ON CONFLICT (id) DO NOTHING",
        params![
            session.id.as_bytes(),
            session.user_id.as_bytes(),
            session.client_id.as_str(),
            session.device,
            column::time(session.created_at),
            column::time(session.auth_time),
            column::texts(session.amr.iter().map(String::as_str)),
            column::time(session.absolute_expiry),
            column::time(session.idle_expiry),
            refresh.generation,
            refresh.branch,
            refresh.parent_branch,
            column::time(refresh.rotated_at),
            column::time(refresh.handed_out_at),
            refresh.confirmed,
            column::time(session.last_seen_at),
            ended_at,
            end_reason,
            session.status.as_ref().map(|place| place.list.as_bytes()),
            session.status.map(|place| place.index),
            session.carried.as_ref().map(|carried| carried.from.as_bytes()),
            session.carried.as_ref().map(|carried| carried.to.as_str()),
        ],
    )?;
    // An id drawn twice, or the same unit of work sent twice: there is a session, and it is not this one.
    if inserted == 0 { Err(Conflict::SessionChanged.into()) } else { Ok(()) }
}
