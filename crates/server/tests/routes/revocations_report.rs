use std::time::Duration;

use handstamp_core::{
    flows::clients::{self, NewClient},
    model::VerifierReport,
    store::Store as _,
};
use serde_json::{Value, json};

use crate::support::{Kit, Reply};

async fn open() -> Kit {
    Kit::with(&[("revocation.subscribers", "open")]).await
}

fn report(instance: &str, kids: &[&str]) -> Value {
    json!({ "instance": instance, "epoch": 1, "seq": 7, "lag_ms": 1234, "kids": kids })
}

async fn send(kit: &Kit, report: &Value) -> Reply {
    kit.post("/revocations/report").json(report).send().await
}

#[tokio::test]
async fn a_report_is_in_the_store_soon_and_in_the_figures_at_once() {
    let kit = open().await;

    send(&kit, &report("one", &["a", "b"])).await.expect(204);
    send(&kit, &report("two", &[])).await.expect(204);

    let text = kit.get("/metrics").from("127.0.0.1").send().await.expect(200).text();
    assert!(text.contains("handstamp_revocation_verifiers 2"), "{text}");
    assert!(text.contains("handstamp_revocation_largest_lag_milliseconds 1234"), "{text}");
    kit.app.write_reports().await;
    let stored = kit.store.reports().await.unwrap();
    assert_eq!(stored.len(), 2);
    assert_eq!((stored[0].client.as_ref(), stored[0].instance.as_str()), (None, "one"));
    assert_eq!(stored[0].kids.iter().map(handstamp_token::KeyId::as_str).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((stored[0].position.seq, stored[0].lag), (7, Duration::from_millis(1234)));
}

#[tokio::test]
async fn reports_to_all_replicas_meet_in_the_store() {
    let kit = open().await;
    let other = kit.another_replica();

    send(&kit, &report("one", &[])).await.expect(204);
    send(&other, &report("two", &[])).await.expect(204);
    kit.app.write_reports().await;
    other.app.write_reports().await;

    assert_eq!(kit.store.reports().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_report_is_filed_under_the_client_that_sent_it() {
    let kit = Kit::new().await;
    let scopes = ["revocations".to_owned()].into();
    let new = NewClient { id: "orders".parse().unwrap(), scopes, audiences: [].into() };
    let (_, secret) = clients::add(kit.core(), new, None, kit.rules.clock.now()).await.unwrap();
    let credentials = format!("orders:{}", secret.reveal());
    let basic = format!("Basic {}", base64_simd::STANDARD.encode_to_string(credentials));

    let call = kit.post("/revocations/report").header("authorization", basic.as_str());
    call.json(&report("one", &[])).send().await.expect(204);
    send(&kit, &report("two", &[])).await.refused(401, "token_missing");

    kit.app.write_reports().await;
    let stored = kit.store.reports().await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].client, Some("orders".parse().unwrap()));
}

#[tokio::test]
async fn what_cannot_be_a_report_is_refused() {
    let kit = open().await;
    let long = "x".repeat(65);
    for instance in ["", "a b", long.as_str()] {
        send(&kit, &report(instance, &[])).await.refused(422, "validation_failed");
    }
    let long = "x".repeat(129);
    for kids in [vec![""], vec!["a b"], vec![long.as_str()], vec!["a"; 65]] {
        send(&kit, &report("one", &kids)).await.refused(422, "validation_failed");
    }
    send(&kit, &report("one", &["a"; 64])).await.expect(204);
}

#[tokio::test]
async fn a_service_that_invents_processes_is_told_to_come_back() {
    let kit = open().await;
    for process in 0..VerifierReport::MOST_PER_CLIENT {
        send(&kit, &report(&process.to_string(), &[])).await.expect(204);
    }

    let refused = send(&kit, &report("one-more", &[])).await.refused(429, "rate_limited");

    assert_eq!(refused.header("retry-after"), "180");
    send(&kit, &report("1", &["a"])).await.expect(204);
}

#[tokio::test]
async fn reports_that_cannot_be_written_are_written_later() {
    let kit = open().await;
    send(&kit, &report("one", &[])).await.expect(204);
    kit.store.set_away(true);
    kit.app.write_reports().await;
    kit.store.set_away(false);
    kit.app.write_reports().await;
    assert_eq!(kit.store.reports().await.unwrap().len(), 1);
}
