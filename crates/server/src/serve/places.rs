use std::{io, sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// How often the log hears that there is no place left.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// Places for connections. Whoever comes when all are taken waits in the system's own queue, which is bounded too.
pub(super) struct Places {
    free: Arc<Semaphore>,
    told: Option<Instant>,
}

impl Places {
    pub(super) fn new(most: u32) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(most)), told: None }
    }

    /// Waits for a place. It is free again when what this returns is dropped.
    pub(super) async fn take(&mut self) -> io::Result<OwnedSemaphorePermit> {
        if self.free.available_permits() == 0 && self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            self.told = Some(Instant::now());
            tracing::warn!("as many connections are open as server.max_connections allows: others wait");
        }
        // Nobody closes the semaphore.
        Arc::clone(&self.free).acquire_owned().await.map_err(io::Error::other)
    }
}
