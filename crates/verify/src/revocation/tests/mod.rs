//! The rules of the list, without any IO: what a process that follows the log in whatever way must answer.

mod coarsening;
mod epochs;
mod following;
mod forgetting;
mod freshness;
mod levels;
mod log;
mod readers;
mod spread;

use std::time::Duration;

use handstamp_api_types::Rev;
use handstamp_api_types::revocation::{
    BATCH_AUDIENCE, RevocationBatch, RevocationEvent, RevocationKind, RevocationLevel, SelectorKeyText,
};
use handstamp_token::UnixTime;

use super::{
    FollowOptions, Follower, Memo, Moment, Revocations, SelectorKey, SilencePolicy, TokenIdentity, Verdict,
};

pub(super) const START: i64 = 1_800_000_000;
pub(super) const KEY: [u8; 32] = [7; 32];

/// A log as an issuer keeps it, and who follows it.
pub(super) struct World {
    pub(super) epoch: u32,
    pub(super) earlier: Vec<Rev>,
    pub(super) log: Vec<RevocationEvent>,
    pub(super) revocations: Revocations,
    pub(super) follower: Follower,
    pub(super) elapsed: Duration,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with_room_for(FollowOptions::default().max_events)
    }

    pub(super) fn with_room_for(max_events: usize) -> Self {
        let (revocations, follower) = Revocations::follow(FollowOptions { max_events });
        Self {
            epoch: 1,
            earlier: Vec::new(),
            log: Vec::new(),
            revocations,
            follower,
            elapsed: Duration::ZERO,
        }
    }

    /// A world whose follower has read the empty log.
    pub(super) fn started() -> Self {
        let mut world = Self::new();
        world.deliver(0);
        world
    }

    pub(super) fn now(&self) -> Moment {
        let secs = i64::try_from(self.elapsed.as_secs()).unwrap();
        Moment { elapsed: self.elapsed, wall: UnixTime::from_secs(START + secs) }
    }

    pub(super) fn head(&self) -> u64 {
        self.log.last().map_or(0, |event| event.seq)
    }

    /// Writes an event and returns its number.
    pub(super) fn write(&mut self, level: RevocationLevel, value: &str, kind: RevocationKind) -> u64 {
        let seq = self.head() + 1;
        self.log.push(event(seq, level, value, kind));
        seq
    }

    /// Writes an event and lets the follower hear of it.
    pub(super) fn revoke(&mut self, level: RevocationLevel, value: &str, kind: RevocationKind) -> u64 {
        let seq = self.write(level, value, kind);
        self.deliver(seq - 1);
        seq
    }

    /// Hands the follower everything after a position.
    pub(super) fn deliver(&mut self, after: u64) {
        let batch = self.batch(after, self.head());
        self.follower.apply_local(&batch, self.now()).unwrap();
    }

    /// The same for the last events of a long log, without a look at all of it.
    pub(super) fn deliver_tail(&mut self, after: u64, count: usize) {
        let events = self.log[self.log.len() - count..].to_vec();
        let head = self.head();
        let batch = RevocationBatch { events, after, through: head, head, ..self.batch(head, head) };
        self.follower.apply_local(&batch, self.now()).unwrap();
    }

    pub(super) fn batch(&self, after: u64, through: u64) -> RevocationBatch {
        let events =
            self.log.iter().filter(|event| event.seq > after && event.seq <= through).cloned().collect();
        RevocationBatch {
            iss: "https://auth.example".to_owned(),
            aud: BATCH_AUDIENCE.to_owned(),
            iat: self.now().wall,
            exp: self.now().wall.saturating_add(Duration::from_mins(10)),
            time_ms: u64::try_from(START).unwrap() * 1000 + u64::try_from(self.elapsed.as_millis()).unwrap(),
            epoch: self.epoch,
            earlier: self.earlier.clone(),
            after,
            through,
            head: self.head().max(through),
            events,
            nonce: None,
            selector_key: Some(SelectorKeyText(KEY)),
        }
    }

    pub(super) fn check(&self, token: &TokenIdentity<'_>) -> Verdict {
        self.check_under(SilencePolicy::refuse(), token)
    }

    pub(super) fn check_under(&self, policy: SilencePolicy, token: &TokenIdentity<'_>) -> Verdict {
        self.revocations.check(token, &Memo::default(), policy, self.now().wall)
    }
}

pub(super) fn event(seq: u64, level: RevocationLevel, value: &str, kind: RevocationKind) -> RevocationEvent {
    let key = SelectorKey::from_bytes(KEY);
    RevocationEvent {
        seq,
        level,
        sel: (level != RevocationLevel::All).then(|| key.hash(level, value)),
        kind,
        reason: "operator".to_owned(),
        at: UnixTime::from_secs(START),
        forget_at: UnixTime::from_secs(START + 660),
        sub: None,
        org: None,
    }
}

/// Ada's token at a position of the first epoch's log.
pub(super) fn ada(seq: u64) -> TokenIdentity<'static> {
    TokenIdentity {
        rev: Some(Rev { epoch: 1, seq }),
        kid: "key-1",
        jti: "token-1",
        sid: Some("session-1"),
        sub: "ada",
        org_id: Some("acme"),
        client_id: Some("web"),
        iat: UnixTime::from_secs(START),
    }
}

/// The value of Ada's token at a level.
pub(super) fn value_of(level: RevocationLevel) -> &'static str {
    match level {
        RevocationLevel::Token => "token-1",
        RevocationLevel::Session => "session-1",
        RevocationLevel::Subject => "ada",
        RevocationLevel::Organization => "acme",
        RevocationLevel::Client => "web",
        RevocationLevel::Key => "key-1",
        RevocationLevel::All => "",
    }
}

pub(super) const KINDS: [RevocationKind; 2] = [RevocationKind::Stale, RevocationKind::Dead];

/// What a verdict says, without when to come back.
pub(super) fn kind_of(verdict: Verdict) -> Option<RevocationKind> {
    match verdict {
        Verdict::Pass => None,
        Verdict::Stale { .. } => Some(RevocationKind::Stale),
        Verdict::Dead => Some(RevocationKind::Dead),
        Verdict::Unavailable { .. } => panic!("the list is there"),
    }
}

/// What the design says, word for word: the worst of all events that match and are newer than the token.
pub(super) fn by_the_book(log: &[RevocationEvent], token: &TokenIdentity<'_>) -> Option<RevocationKind> {
    let key = SelectorKey::from_bytes(KEY);
    let seq = token.rev.map_or(0, |rev| rev.seq);
    log.iter()
        .filter(|event| event.seq > seq || event.level == RevocationLevel::Key)
        .filter(|event| {
            let value = match event.level {
                RevocationLevel::Token => Some(token.jti),
                RevocationLevel::Session => token.sid,
                RevocationLevel::Subject => Some(token.sub),
                RevocationLevel::Organization => token.org_id,
                RevocationLevel::Client => token.client_id,
                RevocationLevel::Key => Some(token.kid),
                RevocationLevel::All => return true,
            };
            value.is_some_and(|value| event.sel == Some(key.hash(event.level, value)))
        })
        .map(|event| event.kind)
        .max()
}
