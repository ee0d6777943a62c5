use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use handstamp_api_types::Rev;
use handstamp_api_types::revocation::RevocationBatch;
use handstamp_token::UnixTime;

use super::{
    FollowOptions,
    handle::Shared,
    ledger::Ledger,
    stretch::{MalformedBatch, Stretch},
};

/// Follows the log: takes batches in whatever order they arrive, applies what is next, and notices what is missing.
///
/// It does no IO and reads no clock. [`Feed`](super::Feed) brings it batches over HTTP; the auth service hands it its own.
#[derive(Debug)]
pub struct Follower {
    ledger: Ledger,
    shared: Arc<Shared>,
    /// Everything up to here was applied.
    position: Option<Rev>,
    /// The issue time of the newest batch taken: an epoch can only be left for one with later news.
    newest_ms: u64,
    /// What the issuer said about its head, and when, as far as we have not got there.
    claims: VecDeque<Claim>,
    /// For when the list is known to be complete.
    fresh: Option<Fresh>,
    /// The epoch whose log was read to an end at least once.
    complete_in: Option<u32>,
}

/// A moment, by both kinds of clock.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Time since some fixed moment, by a clock that is never set.
    pub elapsed: Duration,
    /// The wall clock.
    pub wall: UnixTime,
}

/// "The log ended at `head` at this time."
#[derive(Clone, Copy, Debug)]
struct Claim {
    head: u64,
    fresh: Fresh,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Fresh {
    /// By our clock that is never set.
    pub(super) elapsed: Duration,
    /// By the issuer's.
    pub(super) issuer_ms: u64,
}

impl Fresh {
    fn age(self, now: Moment) -> Duration {
        now.elapsed.saturating_sub(self.elapsed)
    }

    /// Returns the time by the issuer's clock, as our own has carried it on.
    fn issuer_ms_at(self, now: Moment) -> u64 {
        self.issuer_ms.saturating_add(u64::try_from(self.age(now).as_millis()).unwrap_or(u64::MAX))
    }
}

/// Where a batch has left the follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// At the head of the log, as far as anybody has said.
    Current,
    /// More is to come before the list is complete.
    Behind,
}

/// Why a batch was not applied. The position is where it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// Events between our position and the batch are missing: ask for them.
    #[error("events are missing: we are at {position:?}, the batch begins after {after}")]
    Gap {
        /// Where we are.
        position: Option<Rev>,
        /// Where the batch begins.
        after: u64,
    },
    /// The connection did not begin with our nonce, so all of it may be a recording.
    #[error("the feed did not answer our nonce")]
    NotFresh,
    /// The batch is from another epoch and older than what we know: a recording, or a replica that was left behind.
    #[error("the batch is of epoch {epoch}, and older than what is known")]
    LeftBehind {
        /// Its epoch.
        epoch: u32,
    },
    /// The key of the selectors is not known.
    #[error("the feed did not begin with the key of its selectors")]
    NoSelectorKey,
    /// The batch contradicts itself.
    #[error("the batch makes no sense")]
    Malformed(#[from] MalformedBatch),
}

/// So many unfulfilled claims are remembered: the oldest, each a moment for which completeness can be shown soon, and the newest,
/// which says how far there is to go.
const CLAIMS_KEPT: usize = 64;

impl Follower {
    pub(super) fn new(options: FollowOptions, shared: Arc<Shared>) -> Self {
        Self {
            ledger: Ledger::new(options.max_events),
            shared,
            position: None,
            newest_ms: 0,
            claims: VecDeque::new(),
            fresh: None,
            complete_in: None,
        }
    }

    #[cfg(feature = "remote")]
    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Returns whether a token has shown a position that we have not reached, so that it is worth to look at the log now.
    pub fn wants_more(&self) -> bool {
        self.shared.pulse.wants_more()
    }

    /// Returns the furthest position beyond our own that a verified token has ever shown. The issuer signs tokens with positions
    /// its log has reached: a log that ends before this one has lost something.
    pub fn furthest_shown(&self) -> Option<Rev> {
        self.shared.pulse.shown()
    }

    /// Returns how far the log was followed.
    pub fn position(&self) -> Option<Rev> {
        self.position
    }

    /// Applies a batch from a source within this process, so that neither signature nor nonce has to prove anything. The first
    /// one must carry the selector key.
    pub fn apply_local(&mut self, batch: &RevocationBatch, now: Moment) -> Result<Progress, FollowError> {
        let stretch = self.read(batch)?;
        let fresh = Fresh { elapsed: now.elapsed, issuer_ms: stretch.time_ms };
        if stretch.key.is_none() && self.position.is_none() {
            return Err(FollowError::NoSelectorKey);
        }
        if self.is_elsewhere(&stretch) {
            self.begin_epoch(stretch.epoch, &stretch.earlier)?;
        }
        let progress = self.follow(stretch, fresh, now)?;
        if progress == Progress::Current {
            self.shared.pulse.settle();
        }
        Ok(progress)
    }

    /// Moves the age of the news with the clocks, and forgets a part of what nobody needs any more. To be called about once
    /// a second.
    pub fn tick(&mut self, now: Moment) {
        self.beat(now);
        if self.shared.is_ready()
            && let Some(smaller) = self.ledger.sweep(self.reached_by_both(now))
        {
            self.shared.publish(&smaller);
        }
    }

    pub(super) fn follow(
        &mut self,
        mut stretch: Stretch,
        fresh: Fresh,
        now: Moment,
    ) -> Result<Progress, FollowError> {
        if let Some(key) = stretch.key.take()
            && self.ledger.set_key(key)
        {
            // Under the new key everything has to come once more, and until then the old list is the better one.
            self.set_position(Rev { epoch: stretch.epoch, seq: 0 });
            self.complete_in = None;
        }
        let followed = self.position.map_or(0, |position| position.seq);
        let brings_events = stretch.through > stretch.after && stretch.through > followed;
        if brings_events && stretch.after > followed {
            return Err(self.gap(stretch.after));
        }
        self.newest_ms = self.newest_ms.max(stretch.time_ms);
        if brings_events {
            for event in stretch.events.iter().filter(|event| event.seq > followed) {
                self.ledger.add(event);
            }
            self.set_position(Rev { epoch: stretch.epoch, seq: stretch.through });
        }
        self.note_claim(Claim { head: stretch.head, fresh });
        Ok(self.settle(now))
    }

    /// Fulfils the claims that have been reached, and shows readers the list. A log is shown from when it was read to an end
    /// for the first time: until then the list of the epoch before knows more.
    fn settle(&mut self, now: Moment) -> Progress {
        let Some(position) = self.position else { return Progress::Behind };
        while let Some(claim) = self.claims.pop_front_if(|claim| claim.head <= position.seq) {
            if self.fresh.is_none_or(|fresh| claim.fresh.elapsed > fresh.elapsed) {
                self.fresh = Some(claim.fresh);
            }
            self.complete_in = Some(position.epoch);
        }
        if self.complete_in != Some(position.epoch) {
            return Progress::Behind;
        }
        self.shared.counters.set_coarsened(self.ledger.coarsened());
        if let Some(snapshot) = self.ledger.publish() {
            self.shared.publish(&snapshot);
            self.shared.counters.set_ready();
        }
        self.shared.set_followed(self.ledger.order(position.seq), position.seq);
        self.beat(now);
        if self.claims.is_empty() { Progress::Current } else { Progress::Behind }
    }

    /// Returns how long ago the list was last known to be complete. Before the first time it counts from the beginning.
    #[cfg(feature = "remote")]
    pub(super) fn quiet_for(&self, now: Moment) -> Duration {
        now.elapsed.saturating_sub(self.fresh.map_or(Duration::ZERO, |fresh| fresh.elapsed))
    }

    pub(super) fn is_elsewhere(&self, stretch: &Stretch) -> bool {
        self.position.is_none_or(|position| position.epoch != stretch.epoch)
    }

    #[cfg(feature = "remote")]
    pub(super) fn newest_ms(&self) -> u64 {
        self.newest_ms
    }

    /// Forgets what other connections have promised and not brought.
    #[cfg(feature = "remote")]
    pub(super) fn forget_claims(&mut self) {
        self.claims.clear();
    }

    pub(super) fn begin_epoch(&mut self, epoch: u32, earlier: &[Rev]) -> Result<(), FollowError> {
        // An issuer never returns to an epoch. A replica that was left behind may, and its list lacks what came since.
        if self.ledger.has_left(epoch) {
            return Err(self.refused(FollowError::LeftBehind { epoch }));
        }
        if self.position.is_some() {
            tracing::warn!(epoch, "the revocation log was rebuilt: it is read from its beginning");
        }
        self.ledger.begin_epoch(epoch, earlier);
        // What was said about the old log's end says nothing about this one.
        self.claims.clear();
        self.set_position(Rev { epoch, seq: 0 });
        Ok(())
    }

    fn note_claim(&mut self, claim: Claim) {
        if self.claims.len() >= CLAIMS_KEPT {
            self.claims.pop_back();
        }
        self.claims.push_back(claim);
    }

    pub(super) fn set_position(&mut self, position: Rev) {
        self.position = Some(position);
        self.shared.counters.set_position(Some(position));
    }

    fn beat(&self, now: Moment) {
        if let Some(fresh) = self.fresh {
            self.shared.pulse.beat(now.wall, fresh.age(now), fresh.issuer_ms_at(now));
        }
    }

    /// Returns the time that has come by our clock and by the issuer's. A clock that was set ahead for a minute would otherwise make us
    /// forget what hits tokens that are alive again once it is right.
    fn reached_by_both(&self, now: Moment) -> UnixTime {
        let issuers = self.fresh.map(|fresh| fresh.issuer_ms_at(now) / 1000);
        let issuers = issuers.map(|secs| UnixTime::from_secs(i64::try_from(secs).unwrap_or(i64::MAX)));
        issuers.map_or(now.wall, |issuers| issuers.min(now.wall))
    }

    pub(super) fn read(&self, batch: &RevocationBatch) -> Result<Stretch, FollowError> {
        Stretch::read(batch).map_err(|error| self.refused(error.into()))
    }

    pub(super) fn refused(&self, error: FollowError) -> FollowError {
        self.shared.counters.count_refused();
        error
    }

    pub(super) fn gap(&self, after: u64) -> FollowError {
        self.shared.counters.count_gap();
        FollowError::Gap { position: self.position, after }
    }
}
