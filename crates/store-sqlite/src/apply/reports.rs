use handstamp_core::model::{ClientId, VerifierReport};
use handstamp_core::store::rows::column;
use handstamp_token::KeyId;
use rusqlite::{Connection, params};

use crate::failure::{Failure, Refusal};
use crate::query::execute;

/// Adds a report where there is none of the process.
pub(super) fn add(connection: &Connection, report: &VerifierReport) -> Result<(), Failure> {
    execute(
        connection,
        "INSERT INTO verifier_reports (client_id, instance, kids, epoch, seq, lag_ms, reported_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            report.client.as_ref().map_or("", ClientId::as_str),
            report.instance.as_str(),
            column::texts(report.kids.iter().map(KeyId::as_str)),
            report.position.epoch,
            column::number(report.position.seq),
            i64::try_from(report.lag.as_millis()).unwrap_or(i64::MAX),
            column::time(report.reported_at),
        ],
    )
    .map(drop)
}

/// Notes what a process says about itself, unless it is new and its service has as many as allowed, or what is there is younger.
pub(super) fn note(connection: &Connection, report: &VerifierReport, at_most: u32) -> Result<(), Refusal> {
    execute(
        connection,
        "INSERT INTO verifier_reports (client_id, instance, kids, epoch, seq, lag_ms, reported_at) \
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 \
         WHERE EXISTS (SELECT 1 FROM verifier_reports WHERE client_id = ?1 AND instance = ?2) \
            OR (SELECT count(*) FROM verifier_reports WHERE client_id = ?1) < ?8 \
         ON CONFLICT (client_id, instance) DO UPDATE SET kids = excluded.kids, epoch = excluded.epoch, \
            seq = excluded.seq, lag_ms = excluded.lag_ms, reported_at = excluded.reported_at \
         WHERE reported_at <= excluded.reported_at",
        params![
            report.client.as_ref().map_or("", ClientId::as_str),
            report.instance.as_str(),
            column::texts(report.kids.iter().map(KeyId::as_str)),
            report.position.epoch,
            column::number(report.position.seq),
            i64::try_from(report.lag.as_millis()).unwrap_or(i64::MAX),
            column::time(report.reported_at),
            at_most,
        ],
    )?;
    Ok(())
}
