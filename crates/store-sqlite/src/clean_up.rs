use handstamp_core::model::{AuditEntry, AuditKind, EndReason, SessionId, UserId};
use handstamp_core::store::rows::column;
use handstamp_core::store::{CleanUp, CleanedUp, StoreError};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::apply::audit;
use crate::failure::Failure;
use crate::query::{execute, list};
use crate::writer::Writer;

/// What one transaction cleans up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    what: CleanUp,
    /// The first round does everything; the later ones go on looking for sessions that have run out.
    is_first: bool,
}

/// What one transaction has cleaned up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoundDone {
    cleaned_up: CleanedUp,
    /// As many sessions were looked at as allowed, and some of them live on: behind them may be some that do not.
    has_more_to_look_at: bool,
}

/// Cleans up, with room for other writers between two rounds.
pub(crate) async fn all_rounds(writer: &Writer, what: CleanUp) -> Result<CleanedUp, StoreError> {
    let mut round = writer.clean_up(Round { what, is_first: true }).await?;
    let mut done = round.cleaned_up;
    while round.has_more_to_look_at {
        let limit = what.limit.saturating_sub(u32::try_from(done.sessions_expired).unwrap_or(u32::MAX));
        round = writer.clean_up(Round { what: CleanUp { limit, ..what }, is_first: false }).await?;
        done.sessions_expired += round.cleaned_up.sessions_expired;
    }
    Ok(done)
}

/// Cleans up a limited number of rows of each kind.
pub(crate) fn round(connection: &Connection, round: &Round) -> Result<RoundDone, Failure> {
    let what = &round.what;
    let (sessions_expired, has_more_to_look_at) = end_expired(connection, what)?;
    let mut cleaned_up = CleanedUp { sessions_expired, ..CleanedUp::default() };
    if round.is_first {
        cleaned_up.sessions_forgotten = forget_sessions(connection, what)?;
        cleaned_up.events_forgotten = forget_events(connection, what)?;
        forget_epochs(connection, what)?;
        cleaned_up.status_lists_forgotten = forget_status_lists(connection, what)?;
        cleaned_up.audit_forgotten = forget_audit(connection, what)?;
        cleaned_up.reports_forgotten = forget_reports(connection, what)?;
        cleaned_up.used_ids_forgotten = forget_used_ids(connection, what)?;
    }
    Ok(RoundDone { cleaned_up, has_more_to_look_at })
}

struct Due {
    id: SessionId,
    user_id: UserId,
    expiry: Timestamp,
}

/// Ends the sessions that have run out, and moves the next look at the others to their expiry of today.
fn end_expired(connection: &Connection, what: &CleanUp) -> Result<(u64, bool), Failure> {
    let due = list(
        connection,
        "SELECT id, user_id, min(absolute_expiry, idle_expiry) FROM sessions \
         WHERE ended_at IS NULL AND check_expiry_at <= ?1 ORDER BY check_expiry_at LIMIT ?2",
        params![column::time(what.now), what.limit],
        |fields| {
            let fields = fields.of("sessions");
            Ok(Due {
                id: SessionId::from_bytes(fields.id("id")?),
                user_id: UserId::from_bytes(fields.id("user_id")?),
                expiry: fields.time("idle_expiry")?,
            })
        },
    )?;
    let mut expired = 0;
    for session in &due {
        if session.expiry > what.now {
            look_again(connection, session)?;
        } else {
            expire(connection, session, what.now)?;
            expired += 1;
        }
    }
    let looked_at = due.len() as u64;
    Ok((expired, looked_at == u64::from(what.limit) && expired < looked_at))
}

fn look_again(connection: &Connection, session: &Due) -> Result<(), Failure> {
    let sql = "UPDATE sessions SET check_expiry_at = ?2 WHERE id = ?1";
    execute(connection, sql, params![session.id.as_bytes(), column::time(session.expiry)]).map(drop)
}

fn expire(connection: &Connection, session: &Due, now: Timestamp) -> Result<(), Failure> {
    let sql = "UPDATE sessions SET ended_at = ?2, end_reason = ?3 WHERE id = ?1";
    execute(connection, sql, params![session.id.as_bytes(), column::time(now), EndReason::Expired.as_str()])?;
    audit::add(
        connection,
        &AuditEntry {
            user_id: Some(session.user_id),
            session_id: Some(session.id),
            detail: Some(EndReason::Expired.as_str().to_owned()),
            ..AuditEntry::new(AuditKind::SessionEnded, now)
        },
    )
}

fn forget_sessions(connection: &Connection, what: &CleanUp) -> Result<u64, Failure> {
    let sql = "DELETE FROM sessions WHERE rowid IN \
               (SELECT rowid FROM sessions WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)";
    Ok(execute(connection, sql, params![column::time(what.sessions_ended_before), what.limit])? as u64)
}

/// Forgets the oldest events up to the first that somebody may still need, so that what is left has no gap.
fn forget_events(connection: &Connection, what: &CleanUp) -> Result<u64, Failure> {
    let sql = "SELECT seq, forget_at FROM revocation_events ORDER BY seq LIMIT ?1";
    let oldest = list(connection, sql, [what.limit], |fields| {
        let fields = fields.of("revocation_events");
        Ok((fields.number::<i64>("seq")?, fields.time("forget_at")?))
    })?;
    let Some((last, _)) = oldest.iter().take_while(|(_, forget_at)| *forget_at <= what.now).last() else {
        return Ok(0);
    };
    Ok(execute(connection, "DELETE FROM revocation_events WHERE seq <= ?1", [last])? as u64)
}

/// Forgets the epochs whose last token is dead.
fn forget_epochs(connection: &Connection, what: &CleanUp) -> Result<(), Failure> {
    execute(connection, "DELETE FROM revocation_epochs WHERE forget_at <= ?1", [column::time(what.now)])
        .map(drop)
}

fn forget_status_lists(connection: &Connection, what: &CleanUp) -> Result<u64, Failure> {
    let sql = "DELETE FROM status_lists WHERE id IN \
               (SELECT id FROM status_lists WHERE keep_until <= ?1 LIMIT ?2)";
    Ok(execute(connection, sql, params![column::time(what.now), what.limit])? as u64)
}

fn forget_reports(connection: &Connection, what: &CleanUp) -> Result<u64, Failure> {
    let sql = "DELETE FROM verifier_reports WHERE (client_id, instance) IN \
               (SELECT client_id, instance FROM verifier_reports WHERE reported_at < ?1 ORDER BY reported_at LIMIT ?2)";
    Ok(execute(connection, sql, params![column::time(what.reports_before), what.limit])? as u64)
}

fn forget_used_ids(connection: &Connection, what: &CleanUp) -> Result<u64, Failure> {
    let sql = "DELETE FROM used_ids WHERE (purpose, id) IN \
               (SELECT purpose, id FROM used_ids WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
    Ok(execute(connection, sql, params![column::time(what.now), what.limit])? as u64)
}

fn forget_audit(connection: &Connection, what: &CleanUp) -> Result<u64, Failure> {
    let sql = "DELETE FROM audit_entries WHERE id IN \
               (SELECT id FROM audit_entries WHERE at < ?1 ORDER BY at LIMIT ?2)";
    Ok(execute(connection, sql, params![column::time(what.audit_before), what.limit])? as u64)
}
