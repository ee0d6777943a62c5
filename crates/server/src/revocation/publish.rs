//! Reading the log on, and telling everybody.

use std::sync::{Arc, PoisonError};

use handstamp_api_types::{
    Rev,
    revocation::{MAX_EARLIER_EPOCHS, MAX_EVENTS_PER_BATCH, RevocationBatch, RevocationEvent},
};
use handstamp_core::{
    Context,
    flows::revocation_log::{begin_epoch, went_back},
    model::{self, LogPosition, Selector},
    store::StoreError,
};
use handstamp_verify::revocation::Follower;
use jiff::Timestamp;

use super::{
    batch::{self, Hello},
    feed::{RevocationFeed, unix},
    log::{Log, Stretch},
    wire::Entry,
};

/// As many events as fit a batch.
#[expect(clippy::cast_possible_truncation, reason = "a constant of 500")]
const READ_AT_ONCE: u32 = MAX_EVENTS_PER_BATCH as u32;

impl RevocationFeed {
    /// Reads the log on to its end, applies what is new, and tells the subscribers.
    pub(crate) async fn catch_up(&self, core: &Context, now: Timestamp) -> Result<(), StoreError> {
        let mut follower = self.writer.lock().await;
        self.begin_reading();
        let head = self.head(core, &follower, now).await?;
        self.begin(core, head).await?;
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
            let entries: Vec<_> = read.iter().map(|event| Entry::new(event, &self.selectors)).collect();
            let events = entries.iter().map(RevocationEvent::from).collect();
            let stretch = match self.log().as_mut() {
                Some(log) => {
                    log.extend(&entries, through);
                    Stretch { head: head.seq.max(through), ..log.between(at.seq, through, events) }
                }
                None => break,
            };
            self.apply(&mut follower, &self.local(stretch, now), now);
            self.end_streams_of_removed(&read);
        }
        // The log was asked and had no more to say: that is news as well.
        if let Some(stretch) = self.heartbeat_stretch() {
            self.apply(&mut follower, &self.local(stretch, now), now);
        }
        self.end_reading();
        drop(follower);
        let position = self.log_position();
        self.read_to.send_if_modified(|at| std::mem::replace(at, position) != position);
        self.tell(core, now);
        Ok(())
    }

    /// Returns where the publisher stands, to wait for what comes after.
    pub(crate) fn log_position(&self) -> LogPosition {
        self.position()
            .map_or(LogPosition { epoch: 0, seq: 0 }, |Rev { epoch, seq }| LogPosition { epoch, seq })
    }

    /// Signs a heartbeat and tells it to everybody.
    pub(crate) fn beat(&self, core: &Context, now: Timestamp) {
        if self.news.receiver_count() > 0
            && let Some(stretch) = self.heartbeat_stretch()
            && let Some(signed) = self.sign(core, stretch, None, now)
        {
            // Nobody listens any more: as good.
            let _ = self.news.send(Arc::new(signed));
        }
    }

    /// Forgets what can hit no token any more.
    pub(crate) async fn sweep(&self, now: Timestamp) {
        if let Some(log) = self.log().as_mut() {
            log.tidy(unix(now));
        }
        self.signed().sweep(now);
        self.reports().sweep(now);
        self.writer.lock().await.tick(self.moment(now));
    }

    /// Returns where the store's log ends. One that ends before a place where it is known to have been begins a new epoch first:
    /// its next numbers would be some that were given out before, and whoever has read past them would skip the events.
    async fn head(&self, core: &Context, follower: &Follower, now: Timestamp) -> Result<Rev, StoreError> {
        // Looked up before the head, which then is at least as far.
        let seen = self.furthest_seen(core, follower).await?;
        let mut head = core.store.log_head().await?;
        if went_back(head, seen, now) {
            tracing::error!(
                %seen, %head,
                "the database has lost the end of the revocation log, as a restored backup has: a new epoch begins, and every \
                 client refreshes once"
            );
            head = begin_epoch(core, head.epoch, Some(seen), None, now).await?;
        }
        Ok(Rev { epoch: head.epoch, seq: head.seq })
    }

    async fn furthest_seen(&self, core: &Context, follower: &Follower) -> Result<LogPosition, StoreError> {
        let by_token = follower.furthest_shown().map(|Rev { epoch, seq }| LogPosition { epoch, seq });
        // The note outside the database is of other processes and of those before us: what comes later we see ourselves.
        let by_mark = if self.position().is_none() { core.store.log_mark().await? } else { None };
        let known = [by_token, by_mark, self.losses.furthest_shown()].into_iter().flatten();
        Ok(known.fold(self.log_position(), LogPosition::max))
    }

    /// Begins a log that was never read, or one of a new epoch.
    async fn begin(&self, core: &Context, head: Rev) -> Result<(), StoreError> {
        if self.position().is_some_and(|at| at.epoch == head.epoch) {
            return Ok(());
        }
        let earlier = core.store.earlier_epochs().await?;
        let earlier = earlier.into_iter().filter(|position| position.epoch < head.epoch);
        let mut earlier: Vec<_> = earlier.map(|LogPosition { epoch, seq }| Rev { epoch, seq }).collect();
        let too_many = earlier.len().saturating_sub(MAX_EARLIER_EPOCHS);
        earlier.drain(..too_many);
        *self.log() = Some(Log::of_epoch(head.epoch, earlier));
        Ok(())
    }

    /// Tells the subscribers what they were not told yet. What several requests have committed at the same time goes out as one
    /// batch: the first of them tells all of it.
    fn tell(&self, core: &Context, now: Timestamp) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if self.news.receiver_count() == 0 {
            *told = self.position();
            return;
        }
        let Some(mut at) = told.or_else(|| self.position()) else { return };
        while let Some(signed) = self.next(core, at, now) {
            at = Rev { epoch: signed.epoch, seq: signed.through };
            // Nobody listens any more: as good.
            let _ = self.news.send(signed);
        }
        *told = Some(at);
    }

    /// The next thing a removed client would hear is that it has no right to: its stream ends instead.
    fn end_streams_of_removed(&self, events: &[model::RevocationEvent]) {
        for event in events {
            if let Selector::Client(id) = &event.event.selector {
                // Nobody listens: as good.
                let _ = self.removed_clients.send(id.clone());
            }
        }
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
}

fn tells_of_a_key(event: &model::RevocationEvent) -> bool {
    matches!(event.event.selector, Selector::Key(_))
}

/// Before anybody hears that a key has leaked: whoever refreshes then must not get a token under it once more, and whoever asks
/// for the key set must not find it there.
async fn drop_leaked_keys(core: &Context) {
    if let Err(error) = core.keyring.reload(&*core.store).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "loading the keys again failed");
    }
}
