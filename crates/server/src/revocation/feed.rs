use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use handstamp_api_types::{
    Rev,
    revocation::{MAX_BATCHES_PER_SNAPSHOT, MAX_EVENTS_PER_BATCH, RevocationBatch, SelectorKeyText},
};
use handstamp_core::{
    Context,
    model::{RevocationEvent, Selector},
    root_key::{RootKey, RootKeyError},
    store::StoreError,
};
use handstamp_token::UnixTime;
use handstamp_verify::revocation::{FollowOptions, Follower, Moment, Revocations, SelectorKey};
use jiff::Timestamp;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, broadcast};

use super::{
    batch::{self, Hello, Signed},
    log::{Log, Stretch},
    reports::Reports,
    wire,
};

/// So many batches a slow subscriber may be behind before it is served from the log again.
const NEWS_KEPT: usize = 256;

/// As many events as fit a batch.
#[expect(clippy::cast_possible_truncation, reason = "a constant of 500")]
const READ_AT_ONCE: u32 = MAX_EVENTS_PER_BATCH as u32;

/// The feed of this replica.
pub(crate) struct RevocationFeed {
    revocations: Revocations,
    selectors: SelectorKey,
    selectors_text: SelectorKeyText,
    issuer: String,
    log: Mutex<Option<Log>>,
    /// Held while the log is read on: one reader at a time keeps the order.
    writer: tokio::sync::Mutex<Follower>,
    started: Instant,
    news: broadcast::Sender<Arc<Signed>>,
    /// One for each subscriber that may still come.
    places: Arc<Semaphore>,
    wake: Notify,
    reports: Reports,
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
            started: Instant::now(),
            news: broadcast::Sender::new(NEWS_KEPT),
            places: Arc::new(Semaphore::new(places)),
            wake: Notify::new(),
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

    /// Reads the log on to its end, applies what is new, and tells the subscribers.
    pub(crate) async fn catch_up(&self, core: &Context, now: Timestamp) -> Result<(), StoreError> {
        let mut follower = self.writer.lock().await;
        let head = core.store.log_head().await?;
        let head = Rev { epoch: head.epoch, seq: head.seq };
        self.begin(head)?;
        loop {
            let at = self.position().unwrap_or(head);
            if at.seq >= head.seq {
                break;
            }
            let read = core.store.events_after(at.seq, READ_AT_ONCE).await?;
            if read.iter().any(tells_of_a_key) {
                drop_leaked_keys(core).await;
            }
            let last = read.last().map_or(head.seq, |event| event.seq);
            let through = if read.len() == MAX_EVENTS_PER_BATCH { last } else { last.max(head.seq) };
            let events: Vec<_> = read.iter().map(|event| wire::event(event, &self.selectors)).collect();
            if let Some(log) = self.log().as_mut() {
                log.extend(&events, through);
            }
            let stretch =
                Stretch { epoch: at.epoch, after: at.seq, through, head: head.seq.max(through), events };
            self.apply(&mut follower, &self.local(stretch.clone(), now), now);
            self.tell(core, stretch, now);
        }
        // The log was asked and had no more to say: that is news as well.
        if let Some(stretch) = self.heartbeat_stretch() {
            self.apply(&mut follower, &self.local(stretch, now), now);
        }
        Ok(())
    }

    /// Signs a heartbeat and tells it to everybody.
    pub(crate) fn beat(&self, core: &Context, now: Timestamp) {
        if let Some(stretch) = self.heartbeat_stretch() {
            self.tell(core, stretch, now);
        }
    }

    /// Forgets what can hit no token any more.
    pub(crate) async fn sweep(&self, now: Timestamp) {
        let wall = UnixTime::from_secs(now.as_second());
        if let Some(log) = self.log().as_mut() {
            log.forget(wall);
        }
        self.reports.sweep(now);
        self.writer.lock().await.tick(self.moment(now));
    }

    /// Asks the publisher to look at the log at once.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Returns when somebody has asked.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Returns the first words to a reader: where the log stands, in answer to its nonce.
    pub(super) fn hello(&self, core: &Context, nonce: String, now: Timestamp) -> Option<Signed> {
        let hello = Hello { nonce, key: self.selectors_text };
        self.sign(core, self.heartbeat_stretch()?, Some(hello), now)
    }

    /// Returns what a reader who polls does not know yet, as far as one answer carries it, and where the log stands.
    pub(crate) fn snapshot(
        &self,
        core: &Context,
        nonce: Option<String>,
        from: Option<Rev>,
        now: Timestamp,
    ) -> Option<(Rev, Vec<String>)> {
        let head = self.position()?;
        let hello = nonce.map(|nonce| Hello { nonce, key: self.selectors_text });
        let mut batches = vec![self.sign(core, self.heartbeat_stretch()?, hello, now)?.jwt];
        let mut at = self.resume(from)?;
        while batches.len() <= MAX_BATCHES_PER_SNAPSHOT
            && let Some(signed) = self.next(core, at, now)
        {
            at = Rev { epoch: signed.epoch, seq: signed.through };
            batches.push(signed.jwt);
        }
        Some((head, batches))
    }

    /// Returns the next stretch for a reader who is at `at`, signed; `None` when there is nothing more.
    pub(super) fn next(&self, core: &Context, at: Rev, now: Timestamp) -> Option<Signed> {
        let stretch = {
            let log = self.log();
            let log = log.as_ref()?;
            let after = log.resume(Some(at));
            let is_current = log.position() == at;
            (!is_current).then(|| log.stretch(after))?
        };
        self.sign(core, stretch, None, now)
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

    /// Begins a log that was never read, or one of a new epoch.
    fn begin(&self, head: Rev) -> Result<(), StoreError> {
        let mut log = self.log();
        match log.as_ref().map(Log::position) {
            Some(at) if at.epoch == head.epoch && at.seq <= head.seq => {}
            // Somebody has put an old copy of the database in its place. What comes next would have numbers that were used
            // before, and readers would skip it: better no token passes than a revoked one.
            Some(at) if at.epoch == head.epoch => {
                return Err(StoreError::Corrupt {
                    what: format!(
                        "the revocation log stood at {at} and now ends at {head}, in the same epoch"
                    ),
                });
            }
            _ => *log = Some(Log::of_epoch(head.epoch)),
        }
        Ok(())
    }

    fn heartbeat_stretch(&self) -> Option<Stretch> {
        let Rev { epoch, seq } = self.position()?;
        Some(Stretch { epoch, after: seq, through: seq, head: seq, events: Vec::new() })
    }

    fn local(&self, stretch: Stretch, now: Timestamp) -> RevocationBatch {
        let hello = Hello { nonce: String::new(), key: self.selectors_text };
        batch::batch(&self.issuer, stretch, Some(hello), now)
    }

    fn apply(&self, follower: &mut Follower, batch: &RevocationBatch, now: Timestamp) {
        if let Err(error) = follower.apply_local(batch, self.moment(now)) {
            tracing::error!(%error, "the service's own revocation list refused a batch: the log is read again");
            *self.log() = None;
        }
    }

    fn tell(&self, core: &Context, stretch: Stretch, now: Timestamp) {
        if self.news.receiver_count() == 0 {
            return;
        }
        if let Some(signed) = self.sign(core, stretch, None, now) {
            // Nobody listens any more: as good.
            let _ = self.news.send(Arc::new(signed));
        }
    }

    fn sign(&self, core: &Context, stretch: Stretch, hello: Option<Hello>, now: Timestamp) -> Option<Signed> {
        let batch = batch::batch(&self.issuer, stretch, hello, now);
        batch::sign(&core.keyring.feed_signing_key(), &batch)
            .inspect_err(|error| tracing::error!(%error, "a revocation batch could not be signed"))
            .ok()
    }

    fn moment(&self, now: Timestamp) -> Moment {
        Moment { elapsed: self.started.elapsed(), wall: UnixTime::from_secs(now.as_second()) }
    }

    fn log(&self) -> MutexGuard<'_, Option<Log>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tells_of_a_key(event: &RevocationEvent) -> bool {
    matches!(event.event.selector, Selector::Key(_))
}

/// Before anybody hears that a key has leaked: whoever refreshes then must not get a token under it once more, and whoever asks
/// for the key set must not find it there.
async fn drop_leaked_keys(core: &Context) {
    if let Err(error) = core.keyring.reload(&*core.store).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "loading the keys again failed");
    }
}
