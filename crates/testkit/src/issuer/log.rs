use std::time::Duration;

use handstamp_api_types::Rev;
use handstamp_api_types::revocation::{
    BATCH_AUDIENCE, RevocationBatch, RevocationEvent, RevocationKind, RevocationLevel, SelectorKeyText,
};
use handstamp_token::{Entropy as _, SystemEntropy, UnixTime};
use handstamp_verify::revocation::{FollowOptions, Follower, Moment, Revocations, SelectorKey};

/// The revocation log, and the verifiers of this process, which hear of it at once.
#[derive(Debug)]
pub(crate) struct Log {
    issuer: String,
    selector_key: [u8; 32],
    pub(crate) events: Vec<RevocationEvent>,
    follower: Follower,
    started: UnixTime,
    /// By a clock that never goes back, however the test moves the other.
    elapsed: Duration,
}

/// When a batch is made, as it says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) iat: UnixTime,
    pub(crate) exp: UnixTime,
    pub(crate) milliseconds: u64,
}

/// There is one epoch: a test issuer loses nothing.
const EPOCH: u32 = 1;

/// How long a batch is believed.
pub(crate) const BATCH_LIFETIME: Duration = Duration::from_mins(10);

impl Log {
    /// Begins an empty log, whose end has been heard of.
    pub(super) fn new(issuer: &str, now: UnixTime) -> (Self, Revocations) {
        let (revocations, follower) = Revocations::follow(FollowOptions::default());
        let mut selector_key = [0; 32];
        SystemEntropy.fill(&mut selector_key);
        let mut log = Self {
            issuer: issuer.to_owned(),
            selector_key,
            events: Vec::new(),
            follower,
            started: now,
            elapsed: Duration::ZERO,
        };
        log.tell(0, now);
        (log, revocations)
    }

    /// Returns where the log ends.
    pub(crate) fn position(&self) -> Rev {
        Rev { epoch: EPOCH, seq: self.events.last().map_or(0, |event| event.seq) }
    }

    /// Writes an event, which everybody in this process knows when this returns.
    pub(super) fn write(
        &mut self,
        level: RevocationLevel,
        value: &str,
        kind: RevocationKind,
        now: UnixTime,
    ) -> Rev {
        let before = self.position().seq;
        let key = SelectorKey::from_bytes(self.selector_key);
        self.events.push(RevocationEvent {
            seq: before + 1,
            level,
            sel: (level != RevocationLevel::All).then(|| key.hash(level, value)),
            kind,
            reason: "test".to_owned(),
            at: now,
            // A test's tokens live as long as the test wants.
            forget_at: UnixTime::MAX_IN_TOKEN,
            sub: None,
            org: None,
        });
        self.tell(before, now);
        self.position()
    }

    /// Says that nothing else has happened up to now.
    pub(super) fn beat(&mut self, now: UnixTime) {
        self.tell(self.position().seq, now);
    }

    /// Lets time pass without news.
    pub(super) fn pass(&mut self, now: UnixTime) {
        let moment = self.moment(now);
        self.follower.tick(moment);
    }

    /// Returns the batch of what came after a position, through another.
    pub(crate) fn batch(&self, after: u64, through: u64, times: Times) -> RevocationBatch {
        let events = self.events.iter().filter(|event| event.seq > after && event.seq <= through);
        RevocationBatch {
            iss: self.issuer.clone(),
            aud: BATCH_AUDIENCE.to_owned(),
            iat: times.iat,
            exp: times.exp,
            time_ms: times.milliseconds,
            epoch: EPOCH,
            earlier: Vec::new(),
            after,
            through,
            head: self.position().seq,
            events: events.cloned().collect(),
            nonce: None,
            selector_key: None,
        }
    }

    /// Returns the key of all selectors, for greetings.
    pub(crate) fn selector_key(&self) -> SelectorKeyText {
        SelectorKeyText(self.selector_key)
    }

    fn tell(&mut self, after: u64, now: UnixTime) {
        let moment = self.moment(now);
        let milliseconds = u64::try_from(moment.elapsed.as_millis()).unwrap_or(u64::MAX);
        let times = Times { iat: now, exp: now.saturating_add(BATCH_LIFETIME), milliseconds };
        let batch = RevocationBatch {
            selector_key: Some(self.selector_key()),
            ..self.batch(after, self.position().seq, times)
        };
        // Each batch begins where the one before it ended.
        self.follower.apply_local(&batch, moment).expect("the log follows on itself");
    }

    fn moment(&mut self, now: UnixTime) -> Moment {
        self.elapsed = self.elapsed.max(now.saturating_since(self.started));
        Moment { elapsed: self.elapsed, wall: now }
    }
}
