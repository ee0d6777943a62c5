use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use handstamp_core::model::LogPosition;
use handstamp_core::store::{Applied, Change, Changes, StoreError};
use rusqlite::Connection;

use crate::apply::{self, Done};
use crate::clean_up::{self, RoundDone};
use crate::connection;
use crate::failure::{Failure, Refusal};
use crate::log_news::LogNews;
use crate::query::execute;
use crate::read::log;
use crate::room::Room;
use crate::writer::{Answer, Job};

/// Commits units of work, many in one transaction, each of them whole or not at all.
pub(crate) struct Batches {
    connection: Connection,
    synced: bool,
    outcomes: Vec<Outcome>,
    log: Arc<LogNews>,
    room: Arc<Room>,
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
    pub(crate) fn new(connection: Connection, log: Arc<LogNews>, room: Arc<Room>) -> Self {
        Self { connection, synced: true, outcomes: Vec::new(), log, room }
    }

    /// Does all the jobs in one transaction, and answers when it has been committed.
    ///
    /// A defect costs those of one batch their answer, and not all who come later the one thread that writes.
    pub(crate) fn commit(&mut self, jobs: &mut Vec<Job>) {
        if catch_unwind(AssertUnwindSafe(|| self.commit_or_panic(jobs))).is_ok() {
            return;
        }
        // The panic has told of itself. Whoever waits hears that there is no answer.
        jobs.clear();
        if !self.connection.is_autocommit()
            && let Err(failure) = execute(&self.connection, "ROLLBACK", [])
        {
            tracing::error!(?failure, "what a defect has begun cannot be undone");
        }
    }

    fn commit_or_panic(&mut self, jobs: &mut Vec<Job>) {
        jobs.retain(|job| !job.is_abandoned());
        if jobs.is_empty() {
            return;
        }
        self.outcomes.clear();
        let done = self.transaction(jobs);
        let mut outcomes = self.outcomes.drain(..);
        for job in jobs.drain(..) {
            answer(job, outcomes.next(), done.as_ref().err(), &self.room);
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
            apply::events::advance_log(&self.connection, head)?;
        }
        execute(&self.connection, "COMMIT", [])?;
        if head != before {
            self.log.moved(head);
        }
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
        // One change is one statement, which SQLite undoes by itself; that spares a rotation two statements. But for a group.
        let is_group = matches!(changes.changes[..], [Change::EndGroup { .. }]);
        let done = if is_group || changes.changes.len() + changes.events.len() + changes.audit.len() > 1 {
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
        Job::Apply(changes, _) => changes.is_synced(),
        Job::CleanUp(..) | Job::Close(..) => true,
    }
}

fn told(refusal: Refusal, doing: &'static str) -> StoreError {
    match refusal {
        Refusal::Failure(failure) => failure.into_store_error(doing),
        Refusal::Conflict(conflict) => StoreError::Defect { doing, source: Box::new(conflict) },
    }
}

fn answer(job: Job, outcome: Option<Outcome>, failed: Option<&Failure>, room: &Room) {
    match job {
        Job::Apply(_, to) => {
            let done = match (failed.cloned(), outcome) {
                (Some(failure), _) => Err(failure.into_store_error("applying changes")),
                (None, Some(Outcome::Applied(done))) => done,
                // Abandoned: there is nobody to hear.
                (None, _) => return,
            };
            tell(to, done, room);
        }
        Job::CleanUp(_, to) => {
            let done = match (failed.cloned(), outcome) {
                (Some(failure), _) => Err(failure.into_store_error("cleaning up")),
                (None, Some(Outcome::CleanedUp(done))) => done,
                (None, _) => return,
            };
            tell(to, done, room);
        }
        // The writer keeps these to itself.
        Job::Close(..) => {}
    }
}

fn tell<T>(to: Answer<T>, done: Result<T, StoreError>, room: &Room) {
    if matches!(done, Err(StoreError::NotWritable { .. })) {
        room.refused();
    }
    // Refused only when the caller went away meanwhile.
    let _ = to.send(done);
}

#[cfg(test)]
mod tests {
    use handstamp_core::store::{Change, Conflict};
    use handstamp_core::test_support::samples::{event, rotating, session, starting, user};
    use tempfile::TempDir;
    use tokio::sync::oneshot;

    use super::*;
    use crate::{DATABASE_FILE, OpenMode, SqliteStore, read};

    type Waiting = oneshot::Receiver<Result<Applied, StoreError>>;

    /// A database with user 1 in it, and the batches of a writer of its own.
    fn batches() -> (TempDir, Batches) {
        let folder = tempfile::tempdir().unwrap();
        drop(SqliteStore::open(folder.path(), OpenMode::Command).unwrap());
        let writer = connection::writer(&folder.path().join(DATABASE_FILE)).unwrap();
        let (log, room) = (LogNews::new(folder.path()), Room::new(folder.path()));
        let mut batches = Batches::new(writer, Arc::new(log), Arc::new(room));
        assert_committed(&commit(&mut batches, [Changes::one(Change::CreateUser(user(1)))])[0]);
        (folder, batches)
    }

    fn job(changes: Changes) -> (Job, Waiting) {
        let (sender, waiting) = oneshot::channel();
        (Job::Apply(changes, sender), waiting)
    }

    fn commit(
        batches: &mut Batches,
        units: impl IntoIterator<Item = Changes>,
    ) -> Vec<Result<Applied, StoreError>> {
        let (mut jobs, waiting): (Vec<_>, Vec<_>) = units.into_iter().map(job).unzip();
        batches.commit(&mut jobs);
        waiting.into_iter().map(|mut waiting| waiting.try_recv().unwrap()).collect()
    }

    fn assert_committed(outcome: &Result<Applied, StoreError>) {
        assert!(matches!(outcome, Ok(Applied::Committed { .. })), "{outcome:?}");
    }

    fn has_session(batches: &Batches, number: u32) -> bool {
        read::sessions::by_id(&batches.connection, session(number).id).unwrap().is_some()
    }

    fn synchronous(batches: &Batches) -> u8 {
        batches.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_conflict_hurts_no_other_unit_of_the_batch() {
        let (_folder, mut batches) = batches();
        let outcomes = commit(
            &mut batches,
            [
                Changes::one(starting(session(1))),
                // Its first change holds, its second does not.
                Changes::one(starting(session(2))).and(starting(session(1))),
                Changes::one(starting(session(3))),
            ],
        );
        assert_committed(&outcomes[0]);
        assert!(matches!(outcomes[1], Ok(Applied::Conflict(Conflict::SessionChanged))), "{outcomes:?}");
        assert_committed(&outcomes[2]);
        assert_eq!([1, 2, 3].map(|number| has_session(&batches, number)), [true, false, true]);
    }

    #[test]
    fn units_of_one_batch_build_on_each_other() {
        let (_folder, mut batches) = batches();
        let rotation = || Changes::one(rotating(&session(1))).relaxed();
        let outcomes = commit(&mut batches, [Changes::one(starting(session(1))), rotation(), rotation()]);
        assert_committed(&outcomes[1]);
        assert!(matches!(outcomes[2], Ok(Applied::Conflict(Conflict::SessionChanged))), "{outcomes:?}");
    }

    #[test]
    fn a_refused_unit_leaves_no_gap_in_the_log() {
        let (_folder, mut batches) = batches();
        let with_event =
            |number: u32| Changes::one(starting(session(number))).event(event(session(number).id));
        let outcomes = commit(&mut batches, [with_event(1), with_event(1), with_event(2)]);
        let heads = outcomes.iter().map(|outcome| match outcome {
            Ok(Applied::Committed { head, .. }) => Some(head.seq),
            _ => None,
        });
        assert_eq!(heads.collect::<Vec<_>>(), [Some(1), None, Some(2)]);
        let events = log::events_after(&batches.connection, 0, 10).unwrap();
        assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(log::head(&batches.connection).unwrap().seq, 2);
    }

    #[test]
    fn a_batch_waits_for_the_disk_when_one_of_its_units_does() {
        const NORMAL: u8 = 1;
        const FULL: u8 = 2;
        let (_folder, mut batches) = batches();
        let rotation = || Changes::one(rotating(&session(1))).relaxed();
        commit(&mut batches, [rotation(), rotation()]);
        assert_eq!(synchronous(&batches), NORMAL);
        commit(&mut batches, [rotation(), Changes::one(starting(session(1))), rotation()]);
        assert_eq!(synchronous(&batches), FULL);
        commit(&mut batches, [rotation()]);
        assert_eq!(synchronous(&batches), NORMAL);
        // Other services have heard of it.
        commit(&mut batches, [rotation().event(event(session(1).id))]);
        assert_eq!(synchronous(&batches), FULL);
    }

    #[test]
    fn a_unit_that_nobody_waits_for_is_not_begun() {
        let (_folder, mut batches) = batches();
        let (abandoned, waiting) = job(Changes::one(starting(session(1))));
        drop(waiting);
        let (wanted, mut waiting) = job(Changes::one(starting(session(2))));
        batches.commit(&mut vec![abandoned, wanted]);
        assert_committed(&waiting.try_recv().unwrap());
        assert_eq!([1, 2].map(|number| has_session(&batches, number)), [false, true]);
    }

    /// What is told goes where an operator wants it, and may fail there.
    struct Deadly;

    impl tracing::Subscriber for Deadly {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }

        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

        fn event(&self, _: &tracing::Event<'_>) {
            panic!("a defect");
        }

        fn enter(&self, _: &tracing::span::Id) {}

        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[test]
    fn a_defect_costs_nobody_who_comes_later() {
        let (folder, mut batches) = batches();
        // A folder in the place of the note beside the database: it is told that nothing can be noted there.
        std::fs::create_dir(folder.path().join("revocation.mark")).unwrap();
        let (deadly, mut waiting) = job(Changes::default().event(event(session(1).id)));

        tracing::subscriber::with_default(Deadly, || batches.commit(&mut vec![deadly]));

        assert!(waiting.try_recv().is_err(), "nobody knows what became of it");
        assert_committed(&commit(&mut batches, [Changes::one(starting(session(2)))])[0]);
        assert!(has_session(&batches, 2));
    }

    #[test]
    fn a_full_disk_is_told_to_everybody_in_the_batch_and_passes() {
        let (_folder, mut batches) = batches();
        let pages: i64 = batches.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        let limit = |batches: &Batches, pages: i64| {
            batches
                .connection
                .pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0))
                .unwrap();
        };
        limit(&batches, pages);
        let mut large = session(2);
        large.device = "x".repeat(100_000);
        let outcomes =
            commit(&mut batches, [Changes::one(starting(session(1))), Changes::one(starting(large))]);
        for outcome in &outcomes {
            assert!(matches!(outcome, Err(StoreError::NotWritable { .. })), "{outcome:?}");
        }
        assert!(!has_session(&batches, 1), "nothing of a batch that failed may hold");
        assert!(batches.room.is_refused(), "whoever asks whether this service is ready is told");
        limit(&batches, pages + 1_000);
        assert_committed(&commit(&mut batches, [Changes::one(starting(session(1)))])[0]);
    }

    #[test]
    fn a_unit_that_sqlite_refuses_hurts_no_other() {
        let (_folder, mut batches) = batches();
        batches.connection.execute_batch("CREATE TEMP TRIGGER no BEFORE INSERT ON sessions WHEN NEW.device = 'no' BEGIN SELECT raise(ABORT, 'no'); END").unwrap();
        let mut refused = session(2);
        refused.device = "no".to_owned();
        let outcomes = commit(
            &mut batches,
            [
                Changes::one(starting(session(1))),
                Changes::one(starting(session(4))).and(starting(refused.clone())),
                Changes::one(starting(refused)),
                Changes::one(starting(session(3))),
            ],
        );
        assert_committed(&outcomes[0]);
        assert!(matches!(outcomes[1], Err(StoreError::Defect { .. })), "{outcomes:?}");
        assert!(matches!(outcomes[2], Err(StoreError::Defect { .. })), "{outcomes:?}");
        assert_committed(&outcomes[3]);
        assert_eq!([1, 2, 3, 4].map(|number| has_session(&batches, number)), [true, false, true, false]);
    }
}
