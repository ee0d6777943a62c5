use handstamp_core::model::VerifierReport;
use handstamp_core::store::rows;

use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::reports;

/// Returns every report, in the order of services and processes.
pub(crate) async fn list(pool: &Pool) -> Result<Vec<VerifierReport>, Failure> {
    pool.list(reports::LIST, &[], rows::reports::decode).await
}
