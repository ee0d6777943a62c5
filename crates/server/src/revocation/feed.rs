use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use handstamp_api_types::{
    Rev,
    revocation::{MAX_BATCHES_PER_SNAPSHOT, SelectorKeyText},
};
use handstamp_core::{
    Context,
    model::{ClientId, LogPosition},
    root_key::{RootKey, RootKeyError},
};
use handstamp_token::UnixTime;
use handstamp_verify::revocation::{FeedStatus, FollowOptions, Follower, Moment, Revocations, SelectorKey};
use jiff::Timestamp;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, broadcast, watch};

use super::{
    batch::{self, Hello, Signed},
    log::{Log, Stretch},
    loss::Losses,
    reports::Reports,
    signed::SignedBatches,
};

/// So many batches a slow subscriber may be behind before it is served from the log again.
const NEWS_KEPT: usize = 256;

/// So many clients can be removed at the same moment before a stream that is not sure ends.
const REMOVALS_KEPT: usize = 64;

/// A replica that has not read the log for this long tells nobody about sign-outs: traffic goes to another one. Longer than a
/// busy database makes wait, shorter than the bound after which verifiers refuse.
const LONGEST_LAG: Duration = Duration::from_secs(10);

/// A log that cannot be read for this long is not told to new readers: a greeting says that there is nothing more to know, and
/// somebody else may have written what we cannot read.
const LONGEST_READ: Duration = Duration::from_secs(1);

/// The feed of this replica. Reading the log on is in `publish`; here is what readers are told.
pub(crate) struct RevocationFeed {
    pub(super) revocations: Revocations,
    pub(super) selectors: SelectorKey,
    pub(super) selectors_text: SelectorKeyText,
    pub(super) issuer: String,
    pub(super) log: Mutex<Option<Log>>,
    /// Held while the log is read on: one reader at a time keeps the order.
    pub(super) writer: tokio::sync::Mutex<Follower>,
    reading: Mutex<Reading>,
    started: Instant,
    pub(super) news: broadcast::Sender<Arc<Signed>>,
    /// Up to where the news was told.
    pub(super) told: Mutex<Option<Rev>>,
    pub(super) signed: Mutex<SignedBatches>,
    pub(super) removed_clients: broadcast::Sender<ClientId>,
    pub(super) losses: Losses,
    /// One for each subscriber that may still come.
    places: Arc<Semaphore>,
    wake: Notify,
    /// Where the log was read to last.
    pub(super) read_to: watch::Sender<LogPosition>,
    reports: Reports,
}

/// How the reading of the log goes.
#[derive(Debug, Default)]
struct Reading {
    /// Since when it has been tried to read to the end; `None` since that was done.
    since: Option<Instant>,
    /// The epoch whose log was read to an end at least once.
    complete_in: Option<u32>,
}

impl RevocationFeed {
    pub(crate) fn new(issuer: &str, root: &RootKey, most_subscribers: u32) -> Result<Self, RootKeyError> {
        let key = root.selector_key()?;
        let places = usize::try_from(most_subscribers).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let (revocations, follower) = Revocations::follow(FollowOptions::default());
        Ok(Self {
            revocations,
            selectors: SelectorKey::from_bytes(*key),
            selectors_text: SelectorKeyText(*key),
            issuer: issuer.to_owned(),
            log: Mutex::new(None),
            writer: tokio::sync::Mutex::new(follower),
            reading: Mutex::default(),
            started: Instant::now(),
            news: broadcast::Sender::new(NEWS_KEPT),
            told: Mutex::new(None),
            signed: Mutex::default(),
            removed_clients: broadcast::Sender::new(REMOVALS_KEPT),
            losses: Losses::default(),
            places: Arc::new(Semaphore::new(places)),
            wake: Notify::new(),
            read_to: watch::Sender::new(LogPosition { epoch: 0, seq: 0 }),
            reports: Reports::default(),
        })
    }

    /// Returns the list that the service's own verifier asks.
    pub(crate) fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    pub(crate) fn reports(&self) -> &Reports {
        &self.reports
    }

    /// Returns how many events are held, and how many subscribers follow.
    pub(crate) fn figures(&self) -> (usize, usize) {
        (self.log().as_ref().map_or(0, Log::len), self.news.receiver_count())
    }

    /// Returns how the replica's own list is doing.
    pub(crate) fn status(&self, now: Timestamp) -> FeedStatus {
        self.revocations.status(unix(now))
    }

    /// Returns whether the log was read to its end lately: only then does what is committed reach anybody through this replica.
    pub(crate) fn keeps_up(&self, now: Timestamp) -> bool {
        self.status(now).is_fresh(LONGEST_LAG)
    }

    /// Asks the publisher to look at the log at once.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Returns when somebody has asked.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Returns where the log was read to, and tells of every step.
    pub(crate) fn read_to(&self) -> watch::Receiver<LogPosition> {
        self.read_to.subscribe()
    }

    /// Notes that somebody begins to read the log on.
    pub(super) fn begin_reading(&self) {
        self.reading().since.get_or_insert_with(Instant::now);
    }

    /// Notes that the log was read to its end.
    pub(super) fn end_reading(&self) {
        let epoch = self.position().map(|position| position.epoch);
        *self.reading() = Reading { since: None, complete_in: epoch };
    }

    /// Returns whether what is known of the log up to here is all there is. A part of it, just begun, would pass for all.
    fn is_read(&self, head: Rev) -> bool {
        let reading = self.reading();
        reading.complete_in == Some(head.epoch)
            && reading.since.is_none_or(|since| since.elapsed() < LONGEST_READ)
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the first words to a reader: where the log stands, in answer to its nonce. `None` while that is not known.
    pub(super) fn hello(&self, core: &Context, nonce: String, now: Timestamp) -> Option<Signed> {
        self.position().filter(|head| self.is_read(*head))?;
        let hello = Hello { nonce, key: self.selectors_text };
        self.sign(core, self.heartbeat_stretch()?, Some(hello), now)
    }

    /// Returns what a reader who polls does not know yet, as far as one answer carries it, and where the log stands. `None` while
    /// that is not known.
    pub(crate) fn snapshot(
        &self,
        core: &Context,
        nonce: Option<String>,
        from: Option<Rev>,
        now: Timestamp,
    ) -> Option<(Rev, Vec<String>)> {
        let head = self.position().filter(|head| self.is_read(*head))?;
        let hello = nonce.map(|nonce| Hello { nonce, key: self.selectors_text });
        let mut batches = vec![self.sign(core, self.heartbeat_stretch()?, hello, now)?.jwt];
        let mut at = self.resume(from)?;
        while batches.len() <= MAX_BATCHES_PER_SNAPSHOT
            && let Some(signed) = self.next(core, at, now)
        {
            at = Rev { epoch: signed.epoch, seq: signed.through };
            batches.push(signed.jwt.clone());
        }
        Some((head, batches))
    }

    /// Returns the next stretch for a reader who is at `at`, signed for it or for another; `None` when there is nothing more.
    pub(super) fn next(&self, core: &Context, at: Rev, now: Timestamp) -> Option<Arc<Signed>> {
        let stretch = {
            let log = self.log();
            let log = log.as_ref()?;
            if log.position() == at {
                return None;
            }
            let after = log.resume(Some(at));
            let from = Rev { epoch: log.position().epoch, seq: after };
            if let Some(signed) = self.signed().find(from, log.end_of_stretch(after), now) {
                return Some(signed);
            }
            log.stretch(after)
        };
        let signed = Arc::new(self.sign(core, stretch, None, now)?);
        self.signed().keep(&signed, now);
        Some(signed)
    }

    /// Takes a place among the subscribers; `None` while all are taken. It is free again when what this returns is dropped.
    pub(crate) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Returns from where a reader is told the log, and what it must hear of from now on. In this order: what is told
    /// meanwhile is in the log or in the news, or in both.
    pub(super) fn subscribe(&self, from: Option<Rev>) -> Option<(Rev, broadcast::Receiver<Arc<Signed>>)> {
        let news = self.news.subscribe();
        Some((self.resume(from)?, news))
    }

    /// Returns the removals of clients from now on: their streams end.
    pub(crate) fn removals(&self) -> broadcast::Receiver<ClientId> {
        self.removed_clients.subscribe()
    }

    /// Returns from where a reader is told the log.
    pub(super) fn resume(&self, from: Option<Rev>) -> Option<Rev> {
        let log = self.log();
        let log = log.as_ref()?;
        Some(Rev { epoch: log.position().epoch, seq: log.resume(from) })
    }

    /// Returns where the log stands, if it was read at all.
    pub(crate) fn position(&self) -> Option<Rev> {
        self.log().as_ref().map(Log::position)
    }

    pub(super) fn heartbeat_stretch(&self) -> Option<Stretch> {
        let log = self.log();
        let log = log.as_ref()?;
        let at = log.position().seq;
        Some(log.between(at, at, Vec::new()))
    }

    pub(super) fn sign(
        &self,
        core: &Context,
        stretch: Stretch,
        hello: Option<Hello>,
        now: Timestamp,
    ) -> Option<Signed> {
        let batch = batch::batch(&self.issuer, stretch, hello, now);
        batch::sign(&core.keyring.feed_signing_key(), &batch)
            .inspect_err(|error| tracing::error!(%error, "a revocation batch could not be signed"))
            .ok()
    }

    pub(super) fn moment(&self, now: Timestamp) -> Moment {
        Moment { elapsed: self.started.elapsed(), wall: unix(now) }
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Option<Log>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn signed(&self) -> MutexGuard<'_, SignedBatches> {
        self.signed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn unix(now: Timestamp) -> UnixTime {
    UnixTime::from_secs(now.as_second())
}
