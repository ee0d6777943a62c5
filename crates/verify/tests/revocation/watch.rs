use super::*;
use crate::support::NOW;
use crate::support::log::Log;
use futures_util::StreamExt;
use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};
use handstamp_verify::revocation::{Ended, Watch};

/// Watches a session of the log, with a token of ten minutes.
pub(super) fn watch(log: &Log, sid: &str) -> Watch {
    let expires_at = UnixTime::from_secs(NOW + 600);
    log.revocations.watch(&session(sid), expires_at, SilencePolicy::refuse(), Arc::clone(&log.clock) as _)
}

#[tokio::test(start_paused = true)]
async fn an_open_stream_ends_with_its_session_and_no_other_does() {
    let mut log = Log::new();
    let endless = || {
        futures_util::stream::repeat(1).then(|item| async move {
            sleep(Duration::from_millis(10)).await;
            item
        })
    };
    let mut hers = Box::pin(watch(&log, "session-1").guard(endless()));
    let mut his = Box::pin(watch(&log, "session-2").guard(endless()));
    assert_eq!((hers.next().await, his.next().await), (Some(1), Some(1)));

    log.revoke(RevocationLevel::Session, "session-1", RevocationKind::Dead);
    let began = tokio::time::Instant::now();
    while hers.next().await.is_some() {}

    assert!(began.elapsed() <= Duration::from_millis(60), "{:?}", began.elapsed());
    assert_eq!(his.next().await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_an_end_is_told() {
    let mut log = Log::new();
    let mut watches = [watch(&log, "dead"), watch(&log, "stale"), watch(&log, "expired")];
    log.revoke(RevocationLevel::Session, "dead", RevocationKind::Dead);
    log.revoke(RevocationLevel::Session, "stale", RevocationKind::Stale);

    assert_eq!(watches[0].ended().await, Ended::Revoked);
    assert_eq!(watches[1].ended().await, Ended::Stale);
    log.clock.advance(600);
    assert_eq!(watches[2].ended().await, Ended::Expired);
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_when_the_feed_is_silent_and_the_policy_says_so() {
    let log = Log::new();
    let mut watched = watch(&log, "session-1");
    let clock = Arc::clone(&log.clock);
    let time = tokio::spawn(async move {
        loop {
            sleep(Duration::from_secs(1)).await;
            clock.advance(1);
        }
    });
    let began = tokio::time::Instant::now();

    assert_eq!(watched.ended().await, Ended::Unavailable);

    assert!((29..=32).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    time.abort();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_when_a_wait_is_dropped_and_made_again() {
    let mut log = Log::new();
    let mut watched = watch(&log, "session-1");
    for _ in 0..3 {
        assert!(timeout(Duration::from_millis(70), watched.ended()).await.is_err());
    }

    log.revoke(RevocationLevel::Session, "session-1", RevocationKind::Dead);

    assert_eq!(watched.ended().await, Ended::Revoked);
}
