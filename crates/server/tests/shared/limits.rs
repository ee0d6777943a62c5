use std::{sync::Arc, time::Duration};

use handstamp_server::Shared;

use super::{Counting, counting};
use crate::{
    serve::running,
    support::{Kit, PASSWORD, Reply, sign_in_body},
};

/// Two replicas that count on the same.
async fn replicas(settings: &[(&str, &str)]) -> (Kit, Kit, Arc<Counting>) {
    let (kit, counting) = (Kit::with(settings).await, counting());
    let one = kit.sharing(Shared { limits: Some(counting.clone()), ..Shared::default() });
    let another = one.another_replica();
    kit.user("ann").await;
    (one, another, counting)
}

async fn attempt(kit: &Kit, login: &str, password: &str, from: &str) -> Reply {
    let call = kit.post("/auth/sign-in").ours().from(from);
    call.json(&sign_in_body(login, password, "cookie")).send().await
}

#[tokio::test]
async fn attempts_count_whichever_replica_they_come_to() {
    let (one, another, _) = replicas(&[("rate_limits.account_attempts", "3")]).await;
    for (host, replica) in [&one, &another, &one].into_iter().enumerate() {
        attempt(replica, "ann", "wrong", &format!("198.51.100.{host}"))
            .await
            .refused(401, "invalid_credentials");
    }

    for replica in [&one, &another] {
        let reply = attempt(replica, "ann", PASSWORD, "198.51.100.9").await.refused(429, "rate_limited");
        assert!(reply.header("ratelimit").starts_with("\"account\";r=0;t="), "{}", reply.header("ratelimit"));
    }
}

#[tokio::test]
async fn strangers_together_are_told_that_it_is_not_their_doing() {
    let (one, another, _) = replicas(&[("rate_limits.strangers_per_second", "2")]).await;
    attempt(&one, "ann", PASSWORD, "203.0.113.7").await.expect(200);
    attempt(&one, "bob", "wrong", "198.51.100.1").await.refused(401, "invalid_credentials");
    attempt(&another, "carl", "wrong", "198.51.100.2").await.refused(401, "invalid_credentials");

    let reply = attempt(&one, "dora", "wrong", "198.51.100.3").await.refused(503, "unavailable");

    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(reply.header("ratelimit-policy"), "\"strangers\";q=2;w=1");
    // Where ann has signed in before, she is no stranger, at whichever replica.
    attempt(&another, "ann", PASSWORD, "203.0.113.7").await.expect(200);
    one.wait(Duration::from_secs(1));
    attempt(&one, "dora", "wrong", "198.51.100.3").await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn alone_a_replica_counts_on_and_says_so() {
    let (one, _, counting) = replicas(&[("rate_limits.account_attempts", "3")]).await;
    attempt(&one, "ann", "wrong", "198.51.100.1").await.refused(401, "invalid_credentials");
    counting.set_away(true);

    for host in 2..=3 {
        attempt(&one, "ann", "wrong", &format!("198.51.100.{host}"))
            .await
            .refused(401, "invalid_credentials");
    }
    attempt(&one, "ann", PASSWORD, "198.51.100.9").await.refused(429, "rate_limited");

    let ready = one.get("/health/ready").send().await.expect(200);
    assert_eq!(ready.text(), r#"{"status":"ok","degraded":["limits"]}"#);
    let figures = one.get("/metrics").from("127.0.0.1").send().await.expect(200).text();
    assert!(figures.contains("handstamp_shared_away{what=\"limits\"} 1"), "{figures}");
    assert!(figures.contains("handstamp_shared_failures_total{what=\"limits\"} 3"), "{figures}");
}

#[tokio::test]
async fn replicas_count_together_again_by_themselves() {
    let (one, _, counting) = replicas(&[]).await;
    let service = running(&one).await;
    counting.set_away(true);
    for host in 1..=3 {
        attempt(&one, "ann", "wrong", &format!("198.51.100.{host}"))
            .await
            .refused(401, "invalid_credentials");
    }
    counting.set_away(false);

    let together = async {
        while one.get("/health/ready").send().await.expect(200).text() != r#"{"status":"ok"}"# {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), together).await.expect("it is asked now and then");

    counting.asked();
    attempt(&one, "ann", PASSWORD, "198.51.100.9").await.expect(200);
    assert!(counting.asked() > 0);
    service.stop.send(()).unwrap();
}

/// An unknown login is asked about as often as a known one: the time of the answer says nothing.
#[tokio::test]
async fn an_unknown_login_costs_the_same_questions() {
    let (one, _, counting) = replicas(&[]).await;
    counting.asked();

    attempt(&one, "ann", "wrong", "198.51.100.1").await.refused(401, "invalid_credentials");
    let known = counting.asked();
    attempt(&one, "nobody", "wrong", "198.51.100.2").await.refused(401, "invalid_credentials");

    assert_eq!(counting.asked(), known);
}

/// In a flood the next one is told so at once: neither the store nor what replicas share hears of it.
#[tokio::test]
async fn whoever_finds_the_queue_full_costs_nothing() {
    let (one, _, counting) =
        replicas(&[("passwords.concurrent_hashes", "1"), ("passwords.queue_length", "1")]).await;
    let (hashing, waiting) =
        (attempt(&one, "ann", "wrong", "198.51.100.1"), attempt(&one, "bob", "wrong", "198.51.100.2"));
    let last = async {
        while one.core().hasher.busy().is_none() {
            tokio::task::yield_now().await;
        }
        // What was asked before is no longer counted.
        one.store.asked();
        counting.asked();
        let reply = attempt(&one, "carl", "wrong", "198.51.100.3").await.refused(503, "unavailable");
        assert_eq!((one.store.asked(), counting.asked()), (0, 0));
        reply
    };

    let (_, _, reply) = tokio::join!(hashing, waiting, last);

    assert_eq!(reply.header("retry-after"), "2");
}
