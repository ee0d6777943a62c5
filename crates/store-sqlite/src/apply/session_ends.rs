use handstamp_core::model::{EndReason, SessionId, UserId};
use handstamp_core::store::rows::column;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::failure::Refusal;
use crate::query::execute;

/// Ends a session if it is active. Returns how many were.
pub(super) fn one(
    connection: &Connection,
    id: SessionId,
    at: Timestamp,
    reason: EndReason,
) -> Result<u64, Refusal> {
    let sql = "UPDATE sessions SET ended_at = ?2, end_reason = ?3 WHERE id = ?1 AND ended_at IS NULL";
    Ok(execute(connection, sql, params![id.as_bytes(), column::time(at), reason.as_str()])? as u64)
}

/// Ends every active session of a user, but for one and the one that it was carried from. Returns how many were active.
pub(super) fn all_of(
    connection: &Connection,
    user: UserId,
    except: Option<SessionId>,
    at: Timestamp,
    reason: EndReason,
) -> Result<u64, Refusal> {
    let except = except.as_ref().map(SessionId::as_bytes);
    let sql = "UPDATE sessions SET ended_at = ?3, end_reason = ?4 \
               WHERE user_id = ?1 AND ended_at IS NULL AND id IS NOT ?2 \
               AND id IS NOT (SELECT carried_from FROM sessions WHERE id = ?2)";
    Ok(execute(connection, sql, params![user.as_bytes(), except, column::time(at), reason.as_str()])? as u64)
}
