use handstamp_core::model::LogPosition;
use handstamp_core::store::{Applied, Changes, Durability, StoreError};
use rusqlite::Connection;

use crate::apply::{self, Done};
use crate::clean_up::{self, RoundDone};
use crate::connection;
use crate::failure::{Failure, Refusal};
use crate::query::execute;
use crate::read::log;
use crate::writer::Job;

/// Commits units of work, many in one transaction, each of them whole or not at all.
pub(crate) struct Batches {
    connection: Connection,
    synced: bool,
    outcomes: Vec<Outcome>,
}

/// What a job came to, kept back until the transaction has been committed.
enum Outcome {
    Applied(Result<Applied, StoreError>),
    CleanedUp(Result<RoundDone, StoreError>),
    /// Nobody waited for it any more, so it was not begun: a refresh that its client has given up must move nothing.
    Abandoned,
}

impl Batches {
    /// Takes over a connection of [`connection::writer`], which waits for the disk.
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, synced: true, outcomes: Vec::new() }
    }

    /// Does all the jobs in one transaction, and answers when it has been committed.
    pub(crate) fn commit(&mut self, jobs: &mut Vec<Job>) {
        jobs.retain(|job| !job.is_abandoned());
        if jobs.is_empty() {
            return;
        }
        self.outcomes.clear();
        let done = self.transaction(jobs);
        let mut outcomes = self.outcomes.drain(..);
        for job in jobs.drain(..) {
            answer(job, outcomes.next(), done.as_ref().err());
        }
    }

    /// Copies the log into the database and closes it.
    pub(crate) fn close(self) {
        let flushed = connection::set_synced(&self.connection, true)
            .and_then(|()| self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
        if let Err(error) = flushed {
            tracing::warn!(%error, "the database was closed without a checkpoint: the log is read at the next start");
        }
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "the database could not be closed in order");
        }
    }

    fn transaction(&mut self, jobs: &[Job]) -> Result<(), Failure> {
        self.wait_for_disk(jobs.iter().any(is_synced))?;
        execute(&self.connection, "BEGIN IMMEDIATE", [])?;
        let done = self.in_transaction(jobs);
        if done.is_err() && !self.connection.is_autocommit() {
            // The first failure is the one to tell.
            let _ = execute(&self.connection, "ROLLBACK", []);
        }
        done
    }

    /// `synchronous` cannot change inside a transaction, so one unit that waits for the disk makes all of them wait.
    fn wait_for_disk(&mut self, synced: bool) -> Result<(), Failure> {
        if self.synced != synced {
            connection::set_synced(&self.connection, synced)?;
            self.synced = synced;
        }
        Ok(())
    }

    fn in_transaction(&mut self, jobs: &[Job]) -> Result<(), Failure> {
        let before = log::head(&self.connection)?;
        let mut head = before;
        for job in jobs {
            let outcome = self.one(job, &mut head)?;
            self.outcomes.push(outcome);
        }
        if head != before {
            apply::events::advance_log(&self.connection, head.seq)?;
        }
        execute(&self.connection, "COMMIT", [])?;
        Ok(())
    }

    fn one(&self, job: &Job, head: &mut LogPosition) -> Result<Outcome, Failure> {
        // Asked again: the wait for another process's transaction may have taken seconds.
        if job.is_abandoned() {
            return Ok(Outcome::Abandoned);
        }
        Ok(match job {
            Job::Apply(changes, _) => Outcome::Applied(self.unit(changes, head)?),
            Job::CleanUp(round, _) => {
                let done = self.in_savepoint(|connection| Ok(clean_up::round(connection, round)?))?;
                Outcome::CleanedUp(done.map_err(|refusal| told(refusal, "cleaning up")))
            }
            Job::Close(..) => Outcome::Abandoned,
        })
    }

    /// The outer error ends the whole batch, the inner one this unit alone.
    fn unit(
        &self,
        changes: &Changes,
        head: &mut LogPosition,
    ) -> Result<Result<Applied, StoreError>, Failure> {
        let start = *head;
        // One change is one statement, which SQLite undoes by itself; that spares a rotation two statements.
        let done = if changes.changes.len() + changes.events.len() + changes.audit.len() > 1 {
            self.in_savepoint(|connection| apply::apply(connection, changes, start))?
        } else {
            self.still_open(apply::apply(&self.connection, changes, start))?
        };
        Ok(match done {
            Ok(Done { head: after, sessions_ended }) => {
                *head = after;
                Ok(Applied::Committed { head: after, sessions_ended })
            }
            Err(Refusal::Conflict(conflict)) => Ok(Applied::Conflict(conflict)),
            Err(refusal) => Err(told(refusal, "applying changes")),
        })
    }

    fn in_savepoint<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Refusal>,
    ) -> Result<Result<T, Refusal>, Failure> {
        execute(&self.connection, "SAVEPOINT unit", [])?;
        let done = self.still_open(work(&self.connection))?;
        if done.is_err() {
            execute(&self.connection, "ROLLBACK TO unit", [])?;
        }
        execute(&self.connection, "RELEASE unit", [])?;
        Ok(done)
    }

    /// After a full disk or a failed write SQLite rolls back the whole transaction: the failure is then everybody's.
    fn still_open<T>(&self, done: Result<T, Refusal>) -> Result<Result<T, Refusal>, Failure> {
        match done {
            Err(Refusal::Failure(failure)) if self.connection.is_autocommit() => Err(failure),
            done => Ok(done),
        }
    }
}

fn is_synced(job: &Job) -> bool {
    match job {
        Job::Apply(changes, _) => changes.durability == Durability::Synced,
        Job::CleanUp(..) | Job::Close(..) => true,
    }
}

fn told(refusal: Refusal, doing: &'static str) -> StoreError {
    match refusal {
        Refusal::Failure(failure) => failure.into_store_error(doing),
        Refusal::Conflict(conflict) => StoreError::Defect { doing, source: Box::new(conflict) },
    }
}

fn answer(job: Job, outcome: Option<Outcome>, failed: Option<&Failure>) {
    match job {
        Job::Apply(_, to) => {
            let done = match (failed.cloned(), outcome) {
                (Some(failure), _) => Err(failure.into_store_error("applying changes")),
                (None, Some(Outcome::Applied(done))) => done,
                // Abandoned: there is nobody to hear.
                (None, _) => return,
            };
            // Refused only when the caller went away meanwhile.
            let _ = to.send(done);
        }
        Job::CleanUp(_, to) => {
            let done = match (failed.cloned(), outcome) {
                (Some(failure), _) => Err(failure.into_store_error("cleaning up")),
                (None, Some(Outcome::CleanedUp(done))) => done,
                (None, _) => return,
            };
            let _ = to.send(done);
        }
        // The writer keeps these to itself.
        Job::Close(..) => {}
    }
}
