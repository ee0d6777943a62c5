use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::cluster::{Cluster, REPLICAS};
use super::faults::{REDIS_EMPTIED, REDIS_FROZEN, REDIS_KILLED, REDIS_SILENT};
use super::people::Crowd;
use crate::support::PATIENCE;

/// Nobody may wait longer for a refresh because something that may be lost is gone: some time-outs of 50 ms, on a busy machine.
const BARELY_NOTICED: Duration = Duration::from_secs(1);

/// Waits until every replica says that it does without something, or that it has all.
async fn until_degraded(cluster: &Cluster, wanted: bool) {
    let deadline = Instant::now() + PATIENCE;
    for replica in 0..REPLICAS {
        loop {
            let ready = cluster.ready(replica).await.expect("it answers");
            assert_eq!(ready.status, 200, "nobody is less ready without Redis: {ready:?}");
            if ready.body["degraded"].is_array() == wanted {
                break;
            }
            assert!(Instant::now() < deadline, "replica {replica} never notices: {ready:?}");
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Killed, frozen, cut off, emptied: each time everything goes on, says so, and recovers by itself.
#[tokio::test(flavor = "multi_thread")]
async fn without_redis_everything_works_and_says_so() {
    let cluster = Arc::new(Cluster::start().await);
    let crowd = Crowd::at(&cluster, 6, Duration::ZERO).await;
    until_degraded(&cluster, false).await;

    REDIS_EMPTIED.begins(&cluster).await;
    crowd.are_served().await;
    for fault in [REDIS_KILLED, REDIS_FROZEN, REDIS_SILENT] {
        fault.begins(&cluster).await;
        crowd.are_served().await;
        until_degraded(&cluster, true).await;
        fault.ends(&cluster).await;
        crowd.are_served().await;
        until_degraded(&cluster, false).await;
    }

    let seen = crowd.home().await;
    eprintln!("Redis emptied, killed, frozen and cut off: {seen}");
    assert_eq!(seen.not_now, [0; 0], "nobody was turned away");
    assert!(seen.longest_wait < BARELY_NOTICED, "{:?}", seen.longest_wait);
}

/// Attempts are counted together: a guesser who comes by three replicas has no more of them than by one.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_one_account_are_counted_together_with_redis_and_without() {
    let limits = [("HANDSTAMP_RATE_LIMITS_ACCOUNT_ATTEMPTS", "6")];
    let cluster = Cluster::start_with(&limits).await;
    let wrong = json!({ "login": "ann", "password": "not her password", "delivery": "body" });
    let mut refused = Vec::new();
    for _ in 0..7 {
        let reply = cluster.post(&cluster.base(), "/auth/sign-in", None, &wrong).await.expect("a reply");
        refused.push(reply.status);
    }
    assert_eq!(refused, [401, 401, 401, 401, 401, 401, 429], "six attempts, whoever hears of them");

    cluster.redis.kill();

    // Each replica for itself now, at the configured rate: no more than three times as many, and not without end.
    let mut more = 0;
    let last = loop {
        let reply = cluster.post(&cluster.base(), "/auth/sign-in", None, &wrong).await.expect("a reply");
        if reply.status != 401 {
            break reply.status;
        }
        more += 1;
        assert!(more <= 6 * REPLICAS, "nobody counts any more");
    };
    assert_eq!(last, 429);
}
