use std::time::{Duration, Instant};

use crate::support::{Kit, PASSWORD, sign_in_body};

/// The proof of refresh rests on it: a request is handled within its time, or dropped.
#[tokio::test]
async fn a_request_that_takes_too_long_is_dropped_and_told_to_come_back() {
    let kit = Kit::with(&[("server.request_timeout", "200ms")]).await;
    kit.user("ann").await;
    kit.store.set_slow(Duration::from_secs(5));
    let call = kit.post("/auth/sign-in").json(&sign_in_body("ann", PASSWORD, "body"));
    let started = Instant::now();

    let reply = call.send_at_once().await.refused(503, "unavailable");

    assert_eq!(reply.header("retry-after"), "1");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}
