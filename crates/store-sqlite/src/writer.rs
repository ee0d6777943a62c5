//! The one thread that writes.
//!
//! SQLite lets one transaction write at a time, and a commit that waits for the disk takes as long for one change as for
//! a hundred. So all units of work that arrived while the last transaction was committed go into the next one.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender};
use handstamp_core::store::{Applied, Changes, StoreError};
use tokio::sync::oneshot;

use crate::batch::Batches;
use crate::clean_up::{Round, RoundDone};
use crate::failure::thread_gone;
use crate::lock::ServeLock;
use crate::turns::Turns;

/// The most units of work in one transaction: the first of them must not wait long for the last.
const MOST_UNITS: usize = 256;

/// The queue before the thread that writes. Its length is bounded by the number of requests in work.
pub(crate) struct Writer {
    jobs: Sender<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Something to write.
pub(crate) enum Job {
    /// A unit of work.
    Apply(Changes, Answer<Applied>),
    /// One round of the clean-up.
    CleanUp(Round, Answer<RoundDone>),
    /// Write what came before, wait for the readers, and end.
    Close(Vec<JoinHandle<()>>, oneshot::Sender<()>),
}

/// Who waits for what became of it.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

impl Writer {
    /// Starts the thread. It holds the lock for as long as it may write.
    pub(crate) fn start(batches: Batches, shared: bool, lock: Option<ServeLock>) -> io::Result<Self> {
        let (jobs, queue) = crossbeam_channel::unbounded();
        let thread = thread::Builder::new().name("sqlite-write".to_owned());
        let thread = thread.spawn(move || run(batches, &queue, Turns::new(shared), lock))?;
        Ok(Self { jobs, thread: Mutex::new(Some(thread)) })
    }

    /// Applies a unit of work, unless the caller goes away before its turn comes. Answers after the commit.
    pub(crate) async fn apply(&self, changes: Changes) -> Result<Applied, StoreError> {
        let (sender, answer) = oneshot::channel();
        self.send(Job::Apply(changes, sender), answer, "applying changes").await
    }

    /// Does one round of the clean-up.
    pub(crate) async fn clean_up(&self, round: Round) -> Result<RoundDone, StoreError> {
        let (sender, answer) = oneshot::channel();
        self.send(Job::CleanUp(round, sender), answer, "cleaning up").await
    }

    /// Writes what is queued, waits for the readers, and closes the database.
    pub(crate) async fn close(&self, readers: Vec<JoinHandle<()>>) -> Result<(), StoreError> {
        let (sender, answer) = oneshot::channel();
        if self.jobs.send(Job::Close(readers, sender)).is_err() {
            return Ok(());
        }
        answer.await.map_err(|_| thread_gone("closing"))
    }

    /// The same for who cannot wait otherwise.
    pub(crate) fn close_blocking(&self, readers: Vec<JoinHandle<()>>) {
        let (sender, _) = oneshot::channel();
        // Refused only when the thread is gone already.
        let _ = self.jobs.send(Job::Close(readers, sender));
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // It fails only after a panic, which has told of itself.
            let _ = thread.join();
        }
    }

    async fn send<T>(
        &self,
        job: Job,
        answer: oneshot::Receiver<Result<T, StoreError>>,
        doing: &'static str,
    ) -> Result<T, StoreError> {
        self.jobs.send(job).map_err(|_| thread_gone(doing))?;
        answer.await.map_err(|_| thread_gone(doing))?
    }
}

impl Job {
    /// Returns whether nobody waits for it any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        match self {
            Self::Apply(_, answer) => answer.is_closed(),
            Self::CleanUp(_, answer) => answer.is_closed(),
            Self::Close(..) => false,
        }
    }
}

fn run(mut batches: Batches, queue: &Receiver<Job>, mut turns: Turns, lock: Option<ServeLock>) {
    let mut jobs = Vec::with_capacity(MOST_UNITS);
    let mut closing = None;
    while closing.is_none() {
        if queue.is_empty() {
            turns.idle();
        }
        let Ok(first) = queue.recv() else { break };
        for job in std::iter::once(first).chain(queue.try_iter()).take(MOST_UNITS) {
            if let Job::Close(readers, closed) = job {
                closing = Some((readers, closed));
                break;
            }
            jobs.push(job);
        }
        batches.commit(&mut jobs);
        turns.next();
    }
    let (readers, closed) = closing.map_or((Vec::new(), None), |(readers, closed)| (readers, Some(closed)));
    for reader in readers {
        // It fails only after a panic, which has told of itself.
        let _ = reader.join();
    }
    batches.close();
    drop(lock);
    if let Some(closed) = closed {
        // Refused only when nobody waits.
        let _ = closed.send(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_writer_that_has_ended_is_unavailable() {
        let (jobs, queue) = crossbeam_channel::unbounded();
        drop(queue);
        let writer = Writer { jobs, thread: Mutex::new(None) };
        let refused = writer.apply(Changes::default()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable { doing: "applying changes", .. }), "{refused:?}");
    }

    #[tokio::test]
    async fn a_writer_that_dies_at_work_is_unavailable() {
        let (jobs, queue) = crossbeam_channel::unbounded::<Job>();
        let thread = thread::spawn(move || drop(queue.recv()));
        let writer = Writer { jobs, thread: Mutex::new(Some(thread)) };
        let refused = writer.apply(Changes::default()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused:?}");
    }
}
