use handstamp_core::model::{
    SealedSecret, UpstreamCheck, UpstreamLink, UpstreamName, UpstreamSession, UpstreamSid, UserId,
};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use rusqlite::{Connection, params};

use crate::failure::Refusal;
use crate::query::{execute, exists};

/// Links a user to somebody at an upstream.
pub(super) fn link(connection: &Connection, link: &UpstreamLink) -> Result<(), Refusal> {
    let sql = "INSERT INTO upstream_links (upstream, issuer, sub, user_id, linked_at) VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT DO NOTHING";
    let row = params![
        link.upstream.as_str(),
        link.subject.issuer(),
        link.subject.sub(),
        link.user_id.as_bytes(),
        column::time(link.linked_at),
    ];
    if execute(connection, sql, row)? == 0 { Err(Conflict::LinkTaken.into()) } else { Ok(()) }
}

/// Removes a user's link to an upstream.
pub(super) fn unlink(connection: &Connection, user: UserId, upstream: &UpstreamName) -> Result<(), Refusal> {
    let sql = "DELETE FROM upstream_links WHERE user_id = ?1 AND upstream = ?2";
    match execute(connection, sql, params![user.as_bytes(), upstream.as_str()])? {
        0 => Err(Conflict::LinkUnknown.into()),
        _ => Ok(()),
    }
}

/// Puts something beside an active session of the user whom the person at the upstream is linked to.
pub(super) fn remember(connection: &Connection, beside: &UpstreamSession) -> Result<(), Refusal> {
    let active = "SELECT 1 FROM sessions WHERE id = ?1 AND ended_at IS NULL";
    if !exists(connection, active, [beside.session_id.as_bytes()])? {
        return Err(Conflict::SessionChanged.into());
    }
    let linked = "SELECT 1 FROM upstream_links JOIN sessions ON sessions.user_id = upstream_links.user_id \
                  WHERE upstream = ?2 AND issuer = ?3 AND sub = ?4 AND sessions.id = ?1";
    let person = params![
        beside.session_id.as_bytes(),
        beside.upstream.as_str(),
        beside.subject.issuer(),
        beside.subject.sub()
    ];
    if !exists(connection, linked, person)? {
        return Err(Conflict::LinkUnknown.into());
    }
    insert(connection, beside)
}

/// Puts something beside a session as it is.
pub(super) fn insert(connection: &Connection, beside: &UpstreamSession) -> Result<(), Refusal> {
    let sql = "INSERT INTO upstream_sessions (session_id, upstream, issuer, sub, sid, secret, checked_at, asked_at, exchanged) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
               ON CONFLICT (session_id) DO NOTHING";
    let row = params![
        beside.session_id.as_bytes(),
        beside.upstream.as_str(),
        beside.subject.issuer(),
        beside.subject.sub(),
        beside.sid.as_ref().map(UpstreamSid::as_str),
        beside.secret.as_ref().map(SealedSecret::as_bytes),
        column::time(beside.check.checked_at),
        beside.check.asked_at.map(column::time),
        beside.exchanged,
    ];
    if execute(connection, sql, row)? == 0 { Err(Conflict::SessionChanged.into()) } else { Ok(()) }
}

/// Notes that the upstream is asked or has answered, if it was last asked as it was read.
pub(super) fn check(
    connection: &Connection,
    from: UpstreamCheck,
    to: &UpstreamSession,
) -> Result<(), Refusal> {
    let sql = "UPDATE upstream_sessions SET secret = ?4, checked_at = ?5, asked_at = ?6 \
               WHERE session_id = ?1 AND checked_at = ?2 AND asked_at IS ?3";
    let row = params![
        to.session_id.as_bytes(),
        column::time(from.checked_at),
        from.asked_at.map(column::time),
        to.secret.as_ref().map(SealedSecret::as_bytes),
        column::time(to.check.checked_at),
        to.check.asked_at.map(column::time),
    ];
    if execute(connection, sql, row)? == 0 { Err(Conflict::SessionChanged.into()) } else { Ok(()) }
}
