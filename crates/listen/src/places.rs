use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{Counted, Counts, PerAddress};

/// How often the log hears that there is no place left.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// Places for connections. Whoever comes when all are taken waits in the system's own queue, which is bounded too; whoever
/// has as many as one address may have is sent away, so that the queue moves on.
pub(crate) struct Places {
    free: Arc<Semaphore>,
    most: u32,
    by_address: Counts,
    told_full: Told,
    told_greedy: Told,
}

/// A place that nobody has taken yet.
pub(crate) struct Free(OwnedSemaphorePermit);

/// A place. It is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _one: OwnedSemaphorePermit,
    _of_address: Counted,
}

impl Places {
    pub(crate) fn new(most: u32, per_address: PerAddress) -> Self {
        // Where this cuts, a `usize` has 32 bits and as many connections do not fit into the memory.
        let most = most.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        let free = usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(free)),
            most,
            by_address: Counts::new(per_address),
            told_full: Told::default(),
            told_greedy: Told::default(),
        }
    }

    /// Waits until a place is free.
    pub(crate) async fn free(&mut self) -> io::Result<Free> {
        if self.free.available_permits() == 0 && self.told_full.is_due() {
            tracing::warn!("as many connections are open as max_connections allows: others wait");
        }
        // Nobody closes the semaphore.
        Arc::clone(&self.free).acquire_owned().await.map(Free).map_err(io::Error::other)
    }

    /// Gives the place to somebody; `None` if there are as many of this address as may be.
    pub(crate) fn give(&mut self, free: Free, address: SocketAddr) -> Option<Place> {
        let ip: IpAddr = address.ip();
        let counted = self.by_address.add(ip);
        if counted.is_none() && self.told_greedy.is_due() {
            tracing::warn!(
                %ip,
                "as many connections of one address are open as max_connections_per_address allows: further ones of it are \
                 closed. If it is a proxy, name it in trusted_proxies"
            );
        }
        Some(Place { _one: free.0, _of_address: counted? })
    }

    /// Waits until every place is free.
    pub(crate) async fn all(&self) {
        // An error means that somebody closed the semaphore, and nobody does.
        let _ = self.free.acquire_many(self.most).await;
    }
}

/// When something was last told.
#[derive(Default)]
struct Told(Option<Instant>);

impl Told {
    /// Returns whether it is to be told again, and takes it for told.
    fn is_due(&mut self) -> bool {
        let is_due = self.0.is_none_or(|told| told.elapsed() >= TELL_EVERY);
        if is_due {
            self.0 = Some(Instant::now());
        }
        is_due
    }
}
