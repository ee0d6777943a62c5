//! A verifier whose revocation log is written by the test.

use std::sync::Arc;
use std::time::Duration;

use handstamp_api_types::ErrorCode;
use handstamp_api_types::revocation::{
    BATCH_AUDIENCE, RevocationBatch, RevocationEvent, RevocationKind, RevocationLevel, SelectorKeyText,
};
use handstamp_verify::revocation::{
    FollowOptions, Follower, Moment, Revocations, SelectorKey, SilencePolicy,
};
use handstamp_verify::{Clock, SharedKeys, Verifier};

use super::{HandClock, ISSUER, KEY, key_set, undecided};

const SECRET: [u8; 32] = [7; 32];

/// A verifier whose revocation log is written by the test.
pub(crate) struct House {
    pub(crate) clock: Arc<HandClock>,
    pub(crate) verifier: Verifier,
    /// The same without a cache: what the verifier must answer too.
    pub(crate) forgetful: Verifier,
    pub(crate) keys: SharedKeys,
    follower: Follower,
    head: u64,
    elapsed: Duration,
}

impl House {
    /// Before the log has been heard of.
    pub(crate) fn silent(policy: SilencePolicy) -> Self {
        let clock = HandClock::new();
        let (revocations, follower) = Revocations::follow(FollowOptions::default());
        let keys = SharedKeys::new(key_set(&[&KEY]));
        let build = |builder: handstamp_verify::VerifierBuilder| {
            builder.revocations(revocations.clone(), policy).build_with_keys(keys.clone()).unwrap()
        };
        let (verifier, forgetful) = (build(undecided(&clock)), build(undecided(&clock).without_cache()));
        Self { clock, verifier, forgetful, keys, follower, head: 0, elapsed: Duration::ZERO }
    }

    /// With an empty log.
    pub(crate) fn new(policy: SilencePolicy) -> Self {
        let mut house = Self::silent(policy);
        house.tell(Vec::new());
        house
    }

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

    pub(crate) fn tell(&mut self, events: Vec<RevocationEvent>) {
        let now = self.clock.now();
        let batch = RevocationBatch {
            iss: ISSUER.to_owned(),
            aud: BATCH_AUDIENCE.to_owned(),
            iat: now,
            exp: now.saturating_add(Duration::from_mins(10)),
            time_ms: u64::try_from(now.as_secs()).unwrap() * 1000,
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

    /// Time passes without news.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.elapsed += time;
        self.clock.advance(i64::try_from(time.as_secs()).unwrap());
        self.follower.tick(Moment { elapsed: self.elapsed, wall: self.clock.now() });
    }

    pub(crate) fn code(&self, token: &str) -> Result<(), ErrorCode> {
        self.verifier.try_verify(token).map(drop).map_err(|error| error.code())
    }
}
