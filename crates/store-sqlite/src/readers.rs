//! Reads, on connections of their own: they never wait for the writer.
//!
//! A *look-up* of one row runs on the caller's own thread. It touches a handful of pages that are in memory in all but
//! the first moments, and takes some ten microseconds: less than the way to another thread and back, and less than the
//! signature that follows it. Whatever could take longer goes to threads that may wait: lists, and a look-up that finds
//! no free connection or a locked database.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender};
use handstamp_core::store::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::connection::is_busy;
use crate::failure::{Failure, thread_gone};

/// Connections for look-ups, the threads for all else, and the queue before them. Its length is bounded by the number of
/// requests in work.
pub(crate) struct Readers {
    idle: Mutex<Idle>,
    queue: Sender<Task>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What a reader works with.
pub(crate) struct Connections {
    /// For look-ups: these never wait for a lock.
    pub(crate) impatient: Vec<Connection>,
    /// One for each thread.
    pub(crate) patient: Vec<Connection>,
}

/// The connections for look-ups that nobody uses at the moment.
struct Idle {
    connections: Vec<Connection>,
    is_closed: bool,
}

enum Task {
    Read(Box<dyn FnOnce(&Connection) + Send>),
    Stop,
}

impl Readers {
    /// Starts the threads.
    pub(crate) fn start(connections: Connections) -> io::Result<Self> {
        let (queue, tasks) = crossbeam_channel::unbounded();
        let mut threads = Vec::with_capacity(connections.patient.len());
        for connection in connections.patient {
            let tasks = tasks.clone();
            let thread = thread::Builder::new().name("sqlite-read".to_owned());
            threads.push(thread.spawn(move || run(&connection, &tasks))?);
        }
        let idle = Idle { connections: connections.impatient, is_closed: false };
        Ok(Self { idle: Mutex::new(idle), queue, threads: Mutex::new(threads) })
    }

    /// Looks up one row by a unique key.
    pub(crate) async fn look_up<T: Send + 'static>(
        &self,
        doing: &'static str,
        read: impl Fn(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.look_up_here(&read) {
            Some(Ok(found)) => Ok(found),
            Some(Err(failure)) if !is_locked(&failure) => Err(failure.into_store_error(doing)),
            Some(Err(_)) | None => self.read(doing, read).await,
        }
    }

    /// Reads on another thread, unless the caller goes away before its turn comes.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, answer) = oneshot::channel();
        let task = Task::Read(Box::new(move |connection| {
            if !sender.is_closed() {
                // Refused only when the caller went away meanwhile.
                let _ = sender.send(read(connection));
            }
        }));
        self.queue.send(task).map_err(|_| thread_gone(doing))?;
        answer.await.map_err(|_| thread_gone(doing))?.map_err(|failure| failure.into_store_error(doing))
    }

    /// Lets the threads finish what is queued. Returns them, to wait for: empty at the second call.
    pub(crate) fn stop(&self) -> Vec<JoinHandle<()>> {
        let mut idle = self.idle();
        idle.is_closed = true;
        idle.connections.clear();
        drop(idle);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for _ in &threads {
            // Refused only when every thread is gone already.
            let _ = self.queue.send(Task::Stop);
        }
        threads
    }

    /// `None` when no connection is free.
    fn look_up_here<T>(
        &self,
        read: impl Fn(&Connection) -> Result<T, Failure>,
    ) -> Option<Result<T, Failure>> {
        let connection = self.idle().connections.pop()?;
        let found = catch_unwind(AssertUnwindSafe(|| read(&connection)));
        let mut idle = self.idle();
        if !idle.is_closed {
            idle.connections.push(connection);
        }
        drop(idle);
        // A panic is for who asked; the connection is for who comes next.
        Some(found.unwrap_or_else(|panic| resume_unwind(panic)))
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(connection: &Connection, tasks: &Receiver<Task>) {
    while let Ok(Task::Read(read)) = tasks.recv() {
        // A panic has told of itself. It costs who asked the answer, and not all who come later the thread.
        let _ = catch_unwind(AssertUnwindSafe(|| read(connection)));
    }
}

fn is_locked(failure: &Failure) -> bool {
    matches!(failure, Failure::Sqlite(error) if is_busy(error))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use rusqlite::ffi;
    use tempfile::TempDir;

    use super::*;
    use crate::{DATABASE_FILE, OpenMode, SqliteStore, connection};

    fn readers(impatient: usize) -> (TempDir, Readers) {
        let folder = tempfile::tempdir().unwrap();
        drop(SqliteStore::open(folder.path(), OpenMode::Command).unwrap());
        let file = folder.path().join(DATABASE_FILE);
        let impatient = (0..impatient).map(|_| connection::impatient_reader(&file).unwrap()).collect();
        let patient = vec![connection::reader(&file).unwrap()];
        (folder, Readers::start(Connections { impatient, patient }).unwrap())
    }

    /// Fits what a look-up is given, and tells where it ran.
    #[expect(clippy::unnecessary_wraps, reason = "a read may fail")]
    fn where_am_i(_: &Connection) -> Result<thread::ThreadId, Failure> {
        Ok(thread::current().id())
    }

    #[tokio::test]
    async fn a_look_up_runs_on_the_callers_thread_and_a_list_on_another() {
        let (_folder, readers) = readers(1);
        let here = thread::current().id();
        for _ in 0..3 {
            assert_eq!(readers.look_up("testing", where_am_i).await.unwrap(), here);
        }
        assert_ne!(readers.read("testing", where_am_i).await.unwrap(), here);
    }

    #[tokio::test]
    async fn a_look_up_without_a_free_connection_goes_to_a_thread() {
        let (_folder, readers) = readers(0);
        assert_ne!(readers.look_up("testing", where_am_i).await.unwrap(), thread::current().id());
    }

    #[tokio::test]
    async fn a_look_up_that_meets_a_lock_is_repeated_where_it_may_wait() {
        let (_folder, readers) = readers(1);
        let here = thread::current().id();
        let locked_here = move |connection: &Connection| {
            let busy = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None);
            if thread::current().id() == here { Err(busy.into()) } else { where_am_i(connection) }
        };
        assert_ne!(readers.look_up("testing", locked_here).await.unwrap(), here);
        // The connection is free again.
        assert_eq!(readers.look_up("testing", where_am_i).await.unwrap(), here);
    }

    #[tokio::test]
    async fn a_defect_costs_nobody_who_comes_later() {
        let (_folder, readers) = readers(0);
        let deadly = readers.read("testing", |_| -> Result<(), Failure> { panic!("a defect") }).await;
        assert!(matches!(deadly, Err(StoreError::Unavailable { .. })), "{deadly:?}");
        readers.read("testing", where_am_i).await.unwrap();
    }

    #[tokio::test]
    async fn a_defect_takes_no_connection_along() {
        let (_folder, readers) = readers(1);
        let readers = Arc::new(readers);
        let deadly = tokio::spawn({
            let readers = Arc::clone(&readers);
            async move { readers.look_up("testing", |_| -> Result<(), Failure> { panic!("a defect") }).await }
        });
        assert!(deadly.await.unwrap_err().is_panic());
        assert_eq!(readers.look_up("testing", where_am_i).await.unwrap(), thread::current().id());
    }

    #[tokio::test]
    async fn a_read_that_was_given_up_before_its_turn_is_not_done() {
        let (_folder, readers) = readers(0);
        let (let_go, hold) = std::sync::mpsc::channel::<()>();
        let readers = Arc::new(readers);
        let long = tokio::spawn({
            let readers = Arc::clone(&readers);
            async move { readers.read("testing", move |_| Ok(hold.recv().is_ok())).await }
        });
        tokio::task::yield_now().await;
        let given_up =
            readers.read("testing", |_| -> Result<(), Failure> { panic!("nobody waits for this") });
        assert!(tokio::time::timeout(Duration::from_millis(20), given_up).await.is_err());
        let_go.send(()).unwrap();
        assert!(long.await.unwrap().unwrap());
        readers.read("testing", where_am_i).await.unwrap();
    }
}
