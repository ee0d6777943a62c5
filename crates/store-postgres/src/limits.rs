//! Attempts that all replicas count together, where there is no Redis to count on.

use async_trait::async_trait;
use handstamp_core::shared::{Limits, Outcome, Settled, SharedError, SharedKey, Take};
use jiff::Timestamp;

use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::limits;

/// So many of each are forgotten at a time.
const AT_A_TIME: i64 = 1000;

/// Limits that are counted in the database, each list of buckets in one statement. The time is the database's own.
pub struct PostgresLimits {
    pool: Pool,
    at_once: usize,
}

impl PostgresLimits {
    /// Counts on these connections, on so many of them at once: refreshes need the others.
    pub(crate) fn new(pool: Pool, at_once: usize) -> Self {
        Self { pool, at_once }
    }
}

#[async_trait]
impl Limits for PostgresLimits {
    fn at_once(&self) -> usize {
        self.at_once
    }

    async fn take(&self, wanted: &[Take], _now: Timestamp) -> Result<Outcome, SharedError> {
        let bytes = |key: SharedKey| key.as_bytes().to_vec();
        let buckets: Vec<_> = wanted.iter().map(|take| bytes(take.bucket)).collect();
        let marks: Vec<_> = wanted.iter().map(|take| take.known.map(|known| bytes(known.mark))).collect();
        let instead = |take: &Take| take.known.and_then(|known| known.instead).map(bytes);
        let insteads: Vec<_> = wanted.iter().map(instead).collect();
        let windows: Vec<_> = wanted.iter().map(|take| take.quota.window_micros()).collect();
        let steps: Vec<_> = wanted.iter().map(|take| take.quota.step_micros()).collect();
        let connection = self.pool.connection().await.map_err(away)?;
        let answers = connection
            .list(limits::TAKE, &[&buckets, &marks, &insteads, &windows, &steps], |fields| {
                let fields = fields.of("limit_buckets");
                Ok([fields.number("used")?, fields.number("counted")?])
            })
            .await;
        Outcome::read(wanted, &answers.map_err(away)?)
    }

    async fn settle(&self, settled: &Settled, _now: Timestamp) -> Result<(), SharedError> {
        let Settled { back, marks, marked_for } = settled;
        if back.is_empty() && marks.is_empty() {
            return Ok(());
        }
        let buckets: Vec<_> = back.iter().map(|(bucket, _)| bucket.as_bytes().to_vec()).collect();
        let steps: Vec<_> = back.iter().map(|(_, quota)| quota.step_micros()).collect();
        let marks: Vec<_> = marks.iter().map(|mark| mark.as_bytes().to_vec()).collect();
        let marked_for = i64::try_from(marked_for.as_micros()).unwrap_or(i64::MAX / 4);
        let connection = self.pool.connection().await.map_err(away)?;
        let row: crate::connection::Params<'_> = &[&buckets, &steps, &marks, &marked_for];
        connection.execute(limits::SETTLE, row).await.map(drop).map_err(away)
    }

    async fn clean_up(&self, _now: Timestamp) -> Result<bool, SharedError> {
        let connection = self.pool.connection().await.map_err(away)?;
        let buckets = connection.execute(limits::FORGET_BUCKETS, &[&AT_A_TIME]).await.map_err(away)?;
        let marks = connection.execute(limits::FORGET_MARKS, &[&AT_A_TIME]).await.map_err(away)?;
        Ok(buckets.max(marks) >= AT_A_TIME.unsigned_abs())
    }
}

fn away(failure: Failure) -> SharedError {
    SharedError::away(failure.into_store_error("counting attempts"))
}
