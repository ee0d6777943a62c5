use std::{io, sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// How often the log hears that there is no place left.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// Places for connections. Whoever comes when all are taken waits in the system's own queue, which is bounded too.
pub(crate) struct Places {
    free: Arc<Semaphore>,
    most: u32,
    told: Option<Instant>,
}

impl Places {
    pub(crate) fn new(most: u32) -> Self {
        // Where this cuts, a `usize` has 32 bits and as many connections do not fit into the memory.
        let most = most.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        let free = usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(free)), most, told: None }
    }

    /// Waits for a place. It is free again when what this returns is dropped.
    pub(crate) async fn take(&mut self) -> io::Result<OwnedSemaphorePermit> {
        if self.free.available_permits() == 0 && self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            self.told = Some(Instant::now());
            tracing::warn!("as many connections are open as max_connections allows: others wait");
        }
        // Nobody closes the semaphore.
        Arc::clone(&self.free).acquire_owned().await.map_err(io::Error::other)
    }

    /// Waits until every place is free.
    pub(crate) async fn all(&self) {
        // An error means that somebody closed the semaphore, and nobody does.
        let _ = self.free.acquire_many(self.most).await;
    }
}
