use handstamp_core::store::Store as _;
use serde_json::json;

use crate::support::{Kit, PASSWORD, sign_in_body};

/// What it would write down is believed by the others, and what it would sign is taken for too long.
#[tokio::test]
async fn a_replica_whose_clock_is_off_answers_only_those_who_watch_over_it() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let (access, refresh) = kit.tokens("ann").await;
    let before = kit.store.live_sessions(ann.id, kit.rules.clock.now()).await.unwrap();

    for seconds in [60, -60] {
        let off = kit.another_replica_off_by(seconds);
        off.get("/health/ready").send().await.refused(503, "unavailable");

        let sign_in = off.post("/auth/sign-in").json(&sign_in_body("ann", PASSWORD, "body"));
        let refused = sign_in.send().await.refused(503, "unavailable");
        assert_eq!(refused.header("retry-after"), "1");
        assert!(refused.json()["detail"].as_str().unwrap().contains("clock"));
        let refreshed = off.post("/auth/refresh").json(&json!({ "refresh_token": refresh }));
        refreshed.send().await.refused(503, "unavailable");
        off.get("/auth/whoami").bearer(&access).send().await.refused(503, "unavailable");
        off.get("/auth/check").bearer(&access).send().await.refused(503, "unavailable");
        off.get("/revocations/snapshot").send().await.refused(503, "unavailable");
        off.get("/health/live").send().await.expect(200);
        off.get("/metrics").from("127.0.0.1").send().await.expect(200);
    }

    let after = kit.store.live_sessions(ann.id, kit.rules.clock.now()).await.unwrap();
    assert_eq!(after, before, "nothing was begun and nothing was rotated");
}

#[tokio::test]
async fn a_replica_whose_clock_is_off_by_less_than_anybody_minds_goes_on() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    for seconds in [1, -1] {
        let near = kit.another_replica_off_by(seconds);
        near.get("/health/ready").send().await.expect(200);
        near.post("/auth/sign-in").json(&sign_in_body("ann", PASSWORD, "body")).send().await.expect(200);
    }
}
