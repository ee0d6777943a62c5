//! Units of work, each in a transaction of its own.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future;
use handstamp_core::model::LogPosition;
use handstamp_core::store::rows;
use handstamp_core::store::{Applied, Change, Changes};
use handstamp_token::Entropy;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::apply::{Done, Work, conflict_of};
use crate::connection::Connection;
use crate::failure::{Closed, Failure, Kind, Refusal};
use crate::pool::Pool;
use crate::read::log;
use crate::sql::{log as log_sql, transactions};
use crate::{history, jitter};

/// How often a unit is tried that the database undoes because it stands in another's way.
pub(crate) const TRIES: u32 = 4;
/// How long to wait before the second try; each further pause is twice as long.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// Applies units of work.
#[derive(Clone)]
pub(crate) struct Units {
    pub(crate) pool: Pool,
    pub(crate) channel: Arc<str>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Those that are under way.
    pub(crate) under_way: TaskTracker,
}

/// What became of one try.
enum Tried {
    /// It is over: it holds, or it conflicts.
    Over(Applied),
    /// Nothing of it holds, and it may be tried again.
    Undone(Failure),
    /// It cannot be done, or nobody knows whether it was.
    Failed(Failure),
    /// Nobody waited for it any more, so it was not begun.
    Abandoned,
}

impl Units {
    /// Applies a unit of work. One that was begun is finished, also when nobody waits for it any more: half a conversation would cost the
    /// connection.
    pub(crate) async fn apply(&self, changes: Changes) -> Result<Applied, Failure> {
        let (answer, answered) = oneshot::channel();
        let units = self.clone();
        self.under_way.spawn(async move {
            let done = units.try_often(&changes, &answer).await;
            if let Some(done) = done {
                // Refused only when somebody went away meanwhile.
                let _ = answer.send(done);
            }
        });
        answered.await.map_err(|_| Failure::NoConnection(Arc::new(Closed)))?
    }

    /// Waits for those that are under way.
    pub(crate) async fn finish(&self) {
        self.under_way.close();
        self.under_way.wait().await;
    }

    /// Nothing where nobody waits any more.
    async fn try_often(
        &self,
        changes: &Changes,
        waiting: &oneshot::Sender<Result<Applied, Failure>>,
    ) -> Option<Result<Applied, Failure>> {
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        loop {
            match self.attempt(changes, waiting).await {
                Tried::Over(applied) => return Some(Ok(applied)),
                Tried::Undone(_) if tries < TRIES => {
                    tokio::time::sleep(jitter::around(pause, &*self.entropy)).await;
                    (pause, tries) = (pause * 2, tries + 1);
                }
                Tried::Undone(failure) | Tried::Failed(failure) => return Some(Err(failure)),
                Tried::Abandoned => return None,
            }
        }
    }

    async fn attempt(&self, changes: &Changes, waiting: &oneshot::Sender<Result<Applied, Failure>>) -> Tried {
        let begins_epoch = changes.changes.iter().any(|change| matches!(change, Change::BeginEpoch { .. }));
        let here = if begins_epoch { history::here(&self.pool).await } else { Ok(None) };
        let here = match here {
            Ok(here) => here,
            Err(failure) => return Tried::Failed(failure),
        };
        let connection = match self.pool.connection().await {
            Ok(connection) => connection,
            Err(failure) => return Tried::Failed(failure),
        };
        // Asked again: the wait for a connection may have taken seconds.
        if waiting.is_closed() {
            return Tried::Abandoned;
        }
        if let Err(failure) = connection.say(begin(changes)).await {
            return undone(failure);
        }
        let work = Work { connection: &connection, channel: &self.channel, here };
        match work.apply(changes).await {
            Ok(done) => commit(&connection, done).await,
            Err(refusal) => {
                roll_back(&connection).await;
                match refusal {
                    Refusal::Conflict(conflict) => Tried::Over(Applied::Conflict(conflict)),
                    Refusal::Failure(failure) => match conflict_of(&failure) {
                        Some(conflict) => Tried::Over(Applied::Conflict(conflict)),
                        None => undone(failure),
                    },
                }
            }
        }
    }
}

fn begin(changes: &Changes) -> crate::sql::Sql {
    if changes.is_synced() { transactions::BEGIN } else { transactions::BEGIN_RELAXED }
}

/// Where the log stands is asked on the same way.
async fn commit(connection: &Connection, done: Done) -> Tried {
    let head = async {
        match done.moved_to {
            Some(head) => Ok(Some(head)),
            None => connection.optional(log_sql::HEAD, &[], rows::log::decode).await,
        }
    };
    match future::join(head, connection.say(transactions::COMMIT)).await {
        (Ok(Some(head)), Ok(())) => {
            Tried::Over(Applied::Committed { head, sessions_ended: done.sessions_ended })
        }
        (Ok(None), Ok(())) => Tried::Failed(log::row_is_gone()),
        (_, Err(failure)) if failure.kind() == Kind::Again => Tried::Undone(failure),
        // The answer to the commit is missing: it may hold, and may not. Nobody repeats it.
        (Err(failure), _) | (_, Err(failure)) => {
            connection.lose();
            Tried::Failed(failure)
        }
    }
}

/// Before the commit nothing holds, whatever has happened. A restart of the database ends connections that nobody was using: the unit
/// goes on another one.
fn undone(failure: Failure) -> Tried {
    let is_old_connection = matches!(failure, Failure::Postgres(_)) && failure.loses_connection();
    if failure.kind() == Kind::Again || is_old_connection {
        Tried::Undone(failure)
    } else {
        Tried::Failed(failure)
    }
}

async fn roll_back(connection: &Connection) {
    // Closed, it holds nothing either.
    if !connection.is_lost() && connection.say(transactions::ROLLBACK).await.is_err() {
        connection.lose();
    }
}

/// Returns where the log stands after a unit, if that is known to be news.
pub(crate) fn head_of(applied: &Applied) -> Option<LogPosition> {
    match applied {
        Applied::Committed { head, .. } => Some(*head),
        Applied::Conflict(_) => None,
    }
}
