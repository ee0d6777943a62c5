use super::*;
use crate::support::{HandClock, NOW};
use futures_util::StreamExt;
use handstamp_api_types::revocation::{
    BATCH_AUDIENCE, RevocationBatch, RevocationEvent, RevocationKind, RevocationLevel, SelectorKeyText,
};
use handstamp_verify::revocation::{Ended, FollowOptions, Follower, Moment, SelectorKey, Watch};

const KEY: [u8; 32] = [7; 32];

/// A feed in a test's hand, and the clock with it.
pub(super) struct Open {
    pub(super) clock: Arc<HandClock>,
    revocations: Revocations,
    follower: Follower,
    seq: u64,
}

impl Open {
    pub(super) fn new() -> Self {
        let (revocations, follower) = Revocations::follow(FollowOptions::default());
        let mut open = Self { clock: HandClock::new(), revocations, follower, seq: 0 };
        open.apply(Vec::new());
        open
    }

    fn apply(&mut self, events: Vec<RevocationEvent>) {
        let after = self.seq;
        self.seq += events.len() as u64;
        let batch = RevocationBatch {
            iss: String::new(),
            aud: BATCH_AUDIENCE.to_owned(),
            iat: self.clock.now(),
            exp: self.clock.now(),
            time_ms: u64::try_from(NOW).unwrap() * 1000,
            epoch: 1,
            earlier: Vec::new(),
            after,
            through: self.seq,
            head: self.seq,
            events,
            nonce: None,
            selector_key: Some(SelectorKeyText(KEY)),
        };
        let moment = Moment { elapsed: Duration::ZERO, wall: self.clock.now() };
        self.follower.apply_local(&batch, moment).unwrap();
    }

    pub(super) fn revoke(&mut self, sid: &str, kind: RevocationKind) {
        let sel = SelectorKey::from_bytes(KEY).hash(RevocationLevel::Session, sid);
        self.apply(vec![RevocationEvent {
            seq: self.seq + 1,
            level: RevocationLevel::Session,
            sel: Some(sel),
            kind,
            reason: "operator".to_owned(),
            at: self.clock.now(),
            forget_at: UnixTime::from_secs(NOW + 660),
            sub: None,
            org: None,
        }]);
    }

    pub(super) fn watch(&self, sid: &str) -> Watch {
        let expires_at = UnixTime::from_secs(NOW + 600);
        self.revocations.watch(
            &session(sid),
            expires_at,
            SilencePolicy::refuse(),
            Arc::clone(&self.clock) as _,
        )
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_stream_ends_with_its_session_and_no_other_does() {
    let mut open = Open::new();
    let endless = || {
        futures_util::stream::repeat(1).then(|item| async move {
            sleep(Duration::from_millis(10)).await;
            item
        })
    };
    let mut hers = Box::pin(open.watch("session-1").guard(endless()));
    let mut his = Box::pin(open.watch("session-2").guard(endless()));
    assert_eq!((hers.next().await, his.next().await), (Some(1), Some(1)));

    open.revoke("session-1", RevocationKind::Dead);
    let began = tokio::time::Instant::now();
    while hers.next().await.is_some() {}

    assert!(began.elapsed() <= Duration::from_millis(60), "{:?}", began.elapsed());
    assert_eq!(his.next().await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_an_end_is_told() {
    let mut open = Open::new();
    let mut watches = [open.watch("dead"), open.watch("stale"), open.watch("expired")];
    open.revoke("dead", RevocationKind::Dead);
    open.revoke("stale", RevocationKind::Stale);

    assert_eq!(watches[0].ended().await, Ended::Revoked);
    assert_eq!(watches[1].ended().await, Ended::Stale);
    open.clock.advance(600);
    assert_eq!(watches[2].ended().await, Ended::Expired);
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_when_the_feed_is_silent_and_the_policy_says_so() {
    let open = Open::new();
    let mut watch = open.watch("session-1");
    let clock = Arc::clone(&open.clock);
    let time = tokio::spawn(async move {
        loop {
            sleep(Duration::from_secs(1)).await;
            clock.advance(1);
        }
    });
    let began = tokio::time::Instant::now();

    assert_eq!(watch.ended().await, Ended::Unavailable);

    assert!((29..=32).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    time.abort();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_when_a_wait_is_dropped_and_made_again() {
    let mut open = Open::new();
    let mut watch = open.watch("session-1");
    for _ in 0..3 {
        assert!(timeout(Duration::from_millis(70), watch.ended()).await.is_err());
    }

    open.revoke("session-1", RevocationKind::Dead);

    assert_eq!(watch.ended().await, Ended::Revoked);
}
