//! A revocation log that the test writes, and the clock with it.

use std::sync::Arc;
use std::time::Duration;

use handstamp_api_types::revocation::{
    BATCH_AUDIENCE, RevocationBatch, RevocationEvent, RevocationKind, RevocationLevel, SelectorKeyText,
};
use handstamp_verify::Clock;
use handstamp_verify::revocation::{FollowOptions, Follower, Moment, Revocations, SelectorKey};

use super::{HandClock, ISSUER};

const SECRET: [u8; 32] = [7; 32];

/// A log of the first epoch in the test's hand, and who follows it.
pub(crate) struct Log {
    pub(crate) clock: Arc<HandClock>,
    pub(crate) revocations: Revocations,
    follower: Follower,
    head: u64,
    elapsed: Duration,
    /// By how many seconds the issuer's clock is ahead of ours.
    pub(crate) issuer_ahead: i64,
}

impl Log {
    /// A log that nobody has heard of yet.
    pub(crate) fn silent() -> Self {
        let (revocations, follower) = Revocations::follow(FollowOptions::default());
        Self {
            clock: HandClock::new(),
            revocations,
            follower,
            head: 0,
            elapsed: Duration::ZERO,
            issuer_ahead: 0,
        }
    }

    /// A log that was read to its end: it is empty.
    pub(crate) fn new() -> Self {
        let mut log = Self::silent();
        log.beat();
        log
    }

    /// Writes an event, which is heard of at once.
    pub(crate) fn revoke(&mut self, level: RevocationLevel, value: &str, kind: RevocationKind) {
        self.head += 1;
        let sel = (level != RevocationLevel::All).then(|| SelectorKey::from_bytes(SECRET).hash(level, value));
        let now = self.clock.now();
        self.tell(vec![RevocationEvent {
            seq: self.head,
            level,
            sel,
            kind,
            reason: "operator".to_owned(),
            at: now,
            forget_at: now.saturating_add(Duration::from_mins(11)),
            sub: None,
            org: None,
        }]);
    }

    /// Returns the number of the newest event.
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// Says that nothing has happened since the last time.
    pub(crate) fn beat(&mut self) {
        self.tell(Vec::new());
    }

    /// Time passes without news.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.elapsed += time;
        self.clock.advance(i64::try_from(time.as_secs()).unwrap());
        self.follower.tick(Moment { elapsed: self.elapsed, wall: self.clock.now() });
    }

    fn tell(&mut self, events: Vec<RevocationEvent>) {
        let now = self.clock.now();
        let batch = RevocationBatch {
            iss: ISSUER.to_owned(),
            aud: BATCH_AUDIENCE.to_owned(),
            iat: now,
            exp: now.saturating_add(Duration::from_mins(10)),
            time_ms: u64::try_from(now.as_secs() + self.issuer_ahead).unwrap() * 1000,
            epoch: 1,
            earlier: Vec::new(),
            after: self.head - events.len() as u64,
            through: self.head,
            head: self.head,
            events,
            nonce: None,
            selector_key: Some(SelectorKeyText(SECRET)),
        };
        self.follower.apply_local(&batch, Moment { elapsed: self.elapsed, wall: now }).unwrap();
    }
}
