use std::time::Duration;

use handstamp_api_types::Rev;
use handstamp_api_types::revocation::RevocationBatch;

use super::follower::{FollowError, Follower, Fresh, Moment, Progress};
use super::stretch::Stretch;

/// One connection to an issuer, and what ties its news to our own clock.
#[derive(Debug)]
pub(super) struct Link {
    nonce: String,
    asked_at: Duration,
    /// The issuer's clock when it answered.
    answered_ms: Option<u64>,
}

impl Follower {
    /// Applies a batch whose signature was verified.
    pub(super) fn apply(
        &mut self,
        link: &mut Link,
        batch: &RevocationBatch,
        now: Moment,
    ) -> Result<Progress, FollowError> {
        let stretch = self.read(batch)?;
        let Some(answered_ms) = link.answered_ms else {
            return self.greet(link, stretch, now);
        };
        // Our own clock carries the issuer's on from when the nonce was answered: a batch that was held back on the way
        // shows its age, however wrong either wall clock is.
        let since = Duration::from_millis(stretch.time_ms.saturating_sub(answered_ms));
        let fresh = Fresh {
            elapsed: link.asked_at.saturating_add(since).min(now.elapsed),
            issuer_ms: stretch.time_ms,
        };
        if self.is_elsewhere(&stretch) {
            if stretch.time_ms < self.newest_ms() {
                return Err(self.refused(FollowError::LeftBehind { epoch: stretch.epoch }));
            }
            if stretch.after != 0 {
                return Err(self.gap(stretch.after));
            }
            self.begin_epoch(stretch.epoch, &stretch.earlier)?;
        }
        self.follow(stretch, fresh, now)
    }

    /// The first batch of a connection: it proves that the other side is there now, and says where the log stands.
    fn greet(&mut self, link: &mut Link, stretch: Stretch, now: Moment) -> Result<Progress, FollowError> {
        if stretch.nonce.as_deref() != Some(link.nonce.as_str()) {
            return Err(self.refused(FollowError::NotFresh));
        }
        if stretch.key.is_none() {
            return Err(self.refused(FollowError::NoSelectorKey));
        }
        match self.position() {
            Some(position) if position.epoch == stretch.epoch => {
                // A replica that is behind, or a database that lost its last commits: what comes again does no harm, what
                // is skipped would.
                self.set_position(Rev { seq: position.seq.min(stretch.head), ..position });
            }
            _ => self.begin_epoch(stretch.epoch, &stretch.earlier)?,
        }
        link.answered_ms = Some(stretch.time_ms);
        self.forget_claims();
        // It was signed after we asked, so it is at least this fresh.
        let fresh = Fresh { elapsed: link.asked_at, issuer_ms: stretch.time_ms };
        self.follow(stretch, fresh, now)
    }
}

impl Link {
    pub(super) fn new(nonce: String, now: Moment) -> Self {
        Self { nonce, asked_at: now.elapsed, answered_ms: None }
    }

    pub(super) fn nonce(&self) -> &str {
        &self.nonce
    }

    pub(super) fn is_answered(&self) -> bool {
        self.answered_ms.is_some()
    }
}
