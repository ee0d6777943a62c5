use handstamp_core::model::VerifierReport;
use handstamp_core::store::rows;
use rusqlite::Connection;

use crate::failure::Failure;
use crate::query;

/// Every report.
pub(crate) const EVERY: &str =
    "SELECT client_id, instance, kids, epoch, seq, lag_ms, reported_at FROM verifier_reports";

/// Returns every report, in the order of services and processes.
pub(crate) fn list(connection: &Connection) -> Result<Vec<VerifierReport>, Failure> {
    let sql = "SELECT client_id, instance, kids, epoch, seq, lag_ms, reported_at FROM verifier_reports \
               ORDER BY client_id, instance";
    query::list(connection, sql, [], rows::reports::decode)
}
