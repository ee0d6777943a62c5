//! Reads, each on a thread with a connection of its own: a page that is not in memory is waited for there, and never by
//! a thread that serves requests.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender};
use handstamp_core::store::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::failure::{Failure, thread_gone};

/// The threads that read, and the queue before them. Its length is bounded by the number of requests in work.
pub(crate) struct Readers {
    queue: Sender<Task>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

enum Task {
    Read(Box<dyn FnOnce(&Connection) + Send>),
    Stop,
}

impl Readers {
    /// Starts one thread for each connection.
    pub(crate) fn start(connections: Vec<Connection>) -> io::Result<Self> {
        let (queue, tasks) = crossbeam_channel::unbounded();
        let mut threads = Vec::with_capacity(connections.len());
        for connection in connections {
            let tasks = tasks.clone();
            let thread = thread::Builder::new().name("sqlite-read".to_owned());
            threads.push(thread.spawn(move || run(&connection, &tasks))?);
        }
        Ok(Self { queue, threads: Mutex::new(threads) })
    }

    /// Reads, unless the caller goes away before its turn comes.
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
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for _ in &threads {
            // Refused only when every thread is gone already.
            let _ = self.queue.send(Task::Stop);
        }
        threads
    }
}

fn run(connection: &Connection, tasks: &Receiver<Task>) {
    while let Ok(Task::Read(read)) = tasks.recv() {
        read(connection);
    }
}
