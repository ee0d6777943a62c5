//! How a database that was put back to an older state is noticed without anybody who remembers.
//!
//! PostgreSQL counts the lines of its own history: a restored backup and a promoted standby go on along a new one, and a copy that was
//! loaded elsewhere is another system. The line on which the epoch of the revocation log began is noted beside the log; when we are on
//! another, commits may be missing, and nobody can tell. A failover that lost nothing looks the same, and costs every client a refresh.

use handstamp_core::model::LogPosition;
use handstamp_core::store::rows;

use crate::failure::Failure;
use crate::pool::Pool;
use crate::read::log;
use crate::sql::history;

/// A line of the history of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) system: i64,
    pub(crate) timeline: i64,
}

/// Returns where we are, where that can be known: a hosted database may keep it to itself. One that does not answer has not said so.
pub(crate) async fn here(pool: &Pool) -> Result<Option<Place>, Failure> {
    let place = pool
        .optional(history::HERE, &[], |fields| {
            let fields = fields.of("pg_control_system");
            Ok(Place { system: fields.number("system")?, timeline: fields.number("timeline")? })
        })
        .await;
    match place {
        Err(failure) if failure.is_refusal() => {
            tracing::debug!(?failure, "the database does not tell its timeline");
            Ok(None)
        }
        place => place,
    }
}

/// Notes where the log begins, in a database that has just been made.
pub(crate) async fn note(pool: &Pool) -> Result<(), Failure> {
    let Some(here) = here(pool).await? else { return Ok(()) };
    pool.connection().await?.execute(history::NOTE, &[&here.system, &here.timeline]).await.map(drop)
}

/// Returns a position past the end of the log when it may have lost its end, and its end otherwise; nothing where that cannot be known.
pub(crate) async fn mark(pool: &Pool) -> Result<Option<LogPosition>, Failure> {
    let noted = pool
        .optional(history::NOTED, &[], |fields| {
            let head = rows::log::decode(fields)?;
            let (system, timeline) = (fields.optional_number("system")?, fields.optional_number("timeline")?);
            Ok((head, system.zip(timeline).map(|(system, timeline)| Place { system, timeline })))
        })
        .await?;
    let (head, noted) = noted.ok_or_else(log::row_is_gone)?;
    let Some((noted, here)) = noted.zip(here(pool).await?) else { return Ok(None) };
    let lost = u64::from(noted != here);
    Ok(Some(LogPosition { seq: head.seq + lost, ..head }))
}
