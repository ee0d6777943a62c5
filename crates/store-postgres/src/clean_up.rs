use handstamp_core::model::{AuditKind, EndReason};
use handstamp_core::store::rows::column;
use handstamp_core::store::{CleanUp, CleanedUp};
use jiff::Timestamp;

use crate::connection::Connection;
use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::{Sql, clean_up, log, transactions};

/// Cleans up a limited number of rows of each kind. Each statement is a transaction of its own: no lock is held while the next one
/// looks.
pub(crate) async fn run(pool: &Pool, what: CleanUp) -> Result<CleanedUp, Failure> {
    let connection = pool.connection().await?;
    let sessions_expired = end_expired(&connection, what).await?;
    let forget = async |sql: Sql, before: Timestamp| {
        connection.execute(sql, &[&column::time(before), &i64::from(what.limit)]).await
    };
    connection.execute(log::FORGET_EPOCHS, &[&column::time(what.now)]).await?;
    Ok(CleanedUp {
        sessions_expired,
        sessions_forgotten: forget(clean_up::FORGET_SESSIONS, what.sessions_ended_before).await?,
        events_forgotten: forget_events(&connection, what).await?,
        status_lists_forgotten: forget(clean_up::FORGET_STATUS_LISTS, what.now).await?,
        audit_forgotten: forget(clean_up::FORGET_AUDIT, what.audit_before).await?,
        reports_forgotten: forget(clean_up::FORGET_REPORTS, what.reports_before).await?,
        used_ids_forgotten: forget(clean_up::FORGET_USED_IDS, what.now).await?,
    })
}

/// Ends the sessions that have run out. As long as all of those that were looked at live on, there may be others behind them.
async fn end_expired(connection: &Connection, what: CleanUp) -> Result<u64, Failure> {
    let mut ended = 0;
    loop {
        let limit = u64::from(what.limit).saturating_sub(ended);
        let row: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[
            &column::time(what.now),
            &i64::try_from(limit).unwrap_or(i64::MAX),
            &EndReason::Expired.as_str(),
            &AuditKind::SessionEnded.as_str(),
        ];
        // How many of all there are due is what the plan depends on.
        connection.say(transactions::BEGIN_BY_VALUES).await?;
        let done = connection
            .optional(clean_up::END_EXPIRED, row, |fields| {
                let fields = fields.of("sessions");
                Ok((fields.number::<u64>("looked_at")?, fields.number::<u64>("ended")?))
            })
            .await;
        if done.is_err() {
            // The transaction ends with it.
            connection.lose();
        }
        let (looked_at, now_ended) = done?.unwrap_or_default();
        connection.say(transactions::COMMIT).await?;
        ended += now_ended;
        if looked_at < limit || looked_at == now_ended {
            return Ok(ended);
        }
    }
}

/// Forgets the oldest events up to the first that somebody may still need, so that what is left has no gap.
async fn forget_events(connection: &Connection, what: CleanUp) -> Result<u64, Failure> {
    let oldest = connection
        .list(log::OLDEST_EVENTS, &[&i64::from(what.limit)], |fields| {
            let fields = fields.of("revocation_events");
            Ok((fields.number::<i64>("seq")?, fields.time("forget_at")?))
        })
        .await?;
    let Some((last, _)) = oldest.iter().take_while(|(_, forget_at)| *forget_at <= what.now).last() else {
        return Ok(0);
    };
    connection.execute(log::FORGET_EVENTS, &[last]).await
}
