use std::time::Duration;

use axum::http::HeaderValue;
use handstamp_core::store::{Change, Changes, Store as _};
use serde_json::json;

use crate::support::{Kit, PASSWORD, Reply, sign_in_body};

#[tokio::test]
async fn figures_are_for_this_machine() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    kit.post("/auth/sign-in").json(&sign_in_body("ann", PASSWORD, "body")).send().await.expect(200);
    kit.post("/auth/sign-in").json(&sign_in_body("ann", "wrong", "body")).send().await.expect(401);

    let reply = kit.get("/metrics").from("127.0.0.1").send().await.expect(200);

    let text = reply.text();
    for line in [
        "handstamp_sign_ins_total{outcome=\"signed_in\"} 1",
        "handstamp_sign_ins_total{outcome=\"invalid_credentials\"} 1",
        "handstamp_http_requests_total{method=\"POST\",route=\"/auth/sign-in\",status=\"200\"} 1",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert_eq!(reply.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

#[tokio::test]
async fn strangers_see_nothing() {
    let kit = Kit::new().await;

    kit.get("/metrics").from("203.0.113.5").send().await.refused(404, "not_found");
}

#[tokio::test]
async fn a_proxy_on_this_machine_that_nobody_trusts_opens_nothing() {
    let kit = Kit::new().await;

    let call = kit.get("/metrics").from("127.0.0.1").header("x-forwarded-for", "203.0.113.5");

    call.send().await.refused(404, "not_found");
}

#[tokio::test]
async fn a_trusted_proxy_says_who_asks() {
    let kit =
        Kit::with(&[("server.trusted_proxies", "127.0.0.1"), ("metrics.allowed_networks", "10.1.0.0/16")])
            .await;
    let ask = async |client: &'static str| {
        kit.get("/metrics").from("127.0.0.1").header("x-forwarded-for", client).send().await
    };

    ask("10.1.2.3").await.expect(200);
    ask("203.0.113.5").await.expect(404);
    ask("10.1.2.3, 203.0.113.5").await.expect(404);
}

/// Proxies write behind what the client has sent, in the same line.
#[tokio::test]
async fn what_a_stranger_writes_before_a_trusted_proxy_does_opens_nothing() {
    let kit = Kit::with(&[("server.trusted_proxies", "127.0.0.1")]).await;

    for own in [&b"127.0.0.1"[..], b"\xe9", b"\xff, 127.0.0.1", b"unknown"] {
        let line = HeaderValue::from_bytes(&[own, b", 203.0.113.5"].concat()).unwrap();
        let call = kit.get("/metrics").from("127.0.0.1").header("x-forwarded-for", line);
        call.send().await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn made_up_addresses_and_methods_make_no_time_series() {
    let kit = Kit::new().await;
    for i in 0..5 {
        kit.call(format!("M{i}").parse().unwrap(), &format!("/nowhere/{i}")).send().await;
    }

    let text = kit.get("/metrics").from("127.0.0.1").send().await.expect(200).text();

    assert!(text.contains("method=\"other\",route=\"unmatched\""), "{text}");
    assert!(!text.contains("nowhere") && !text.contains("M1"), "{text}");
}

/// Asks for fresh tokens.
async fn refreshed(kit: &Kit, token: &str) -> Reply {
    kit.post("/auth/refresh").json(&json!({ "refresh_token": token })).send().await
}

/// Lets the family settle, and rotates.
async fn rotated(kit: &Kit, token: &str) -> String {
    kit.rules.wait_until_settled();
    let reply = refreshed(kit, token).await.expect(200).json();
    reply["refresh_token"].as_str().expect("a rotation hands out a new one").to_owned()
}

/// Returns how many refreshes had this outcome.
async fn counted(kit: &Kit, outcome: &str) -> u64 {
    let text = kit.get("/metrics").from("127.0.0.1").send().await.expect(200).text();
    let start = format!("handstamp_refreshes_total{{outcome=\"{outcome}\"}} ");
    text.lines()
        .find_map(|line| line.strip_prefix(&start))
        .map_or(0, |count| count.parse().expect("a number"))
}

/// These four are what operators watch: thieves, lost answers, lost writes, and sessions that nobody came back to.
#[tokio::test]
async fn each_unusual_end_of_a_refresh_moves_its_own_counter() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let outcomes = ["branched", "theft", "fast_forwarded", "expired"];
    let all = async || {
        let mut counts = [0; 4];
        for (count, outcome) in counts.iter_mut().zip(outcomes) {
            *count = counted(&kit, outcome).await;
        }
        counts
    };

    // The answer to a rotation was lost: the parent comes again.
    let (_, first) = kit.tokens("ann").await;
    let lost = rotated(&kit, &first).await;
    rotated(&kit, &first).await;
    assert_eq!(all().await, [1, 0, 0, 0]);

    // It was not lost but stolen.
    kit.rules.wait_until_settled();
    refreshed(&kit, &lost).await.refused(401, "session_ended");
    assert_eq!(all().await, [1, 1, 0, 0]);

    // A power cut takes two rotations back.
    let (_, first) = kit.tokens("ann").await;
    let session = async || kit.store.live_sessions(ann.id, kit.rules.clock.now()).await.unwrap().remove(0);
    let before = session().await;
    let second = rotated(&kit, &first).await;
    let third = rotated(&kit, &second).await;
    let back = Change::RotateSession {
        id: before.id,
        from: session().await.refresh,
        to: before.refresh,
        idle_expiry: before.idle_expiry,
    };
    kit.store.apply(Changes::one(back)).await.unwrap();
    refreshed(&kit, &third).await.expect(200);
    assert_eq!(all().await, [1, 1, 1, 0]);

    // Nobody came back for a year.
    kit.wait(Duration::from_hours(365 * 24));
    refreshed(&kit, &third).await.refused(401, "session_ended");
    assert_eq!(all().await, [1, 1, 1, 1]);
}
