use std::time::Duration;

use crate::support::Kit;

#[tokio::test]
async fn a_service_with_its_store_is_live_and_ready() {
    let kit = Kit::new().await;

    for path in ["/health/live", "/health/ready"] {
        let reply = kit.get(path).send().await.expect(200);
        assert_eq!(reply.text(), r#"{"status":"ok"}"#);
        assert_eq!(reply.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn a_store_that_is_away_makes_it_unready_and_leaves_it_live() {
    let kit = Kit::new().await;
    kit.store.set_away(true);

    kit.get("/health/ready").send().await.refused(503, "unavailable");
    kit.get("/health/live").send().await.expect(200);
}

#[tokio::test]
async fn a_store_that_cannot_be_written_makes_it_unready_until_it_can() {
    let kit = Kit::new().await;

    kit.store.set_read_only(true);
    kit.get("/health/ready").send().await.refused(503, "unavailable");
    kit.get("/health/live").send().await.expect(200);

    kit.store.set_read_only(false);
    kit.get("/health/ready").send().await.expect(200);
}

#[tokio::test]
async fn a_replica_that_has_not_read_the_revocation_log_lately_is_unready() {
    let kit = Kit::new().await;
    kit.get("/health/ready").send().await.expect(200);

    kit.wait(Duration::from_secs(9));
    kit.get("/health/ready").send_at_once().await.expect(200);
    kit.wait(Duration::from_secs(2));
    // Others still hear of sign-outs: traffic goes to them.
    kit.get("/health/ready").send_at_once().await.refused(503, "unavailable");

    kit.get("/health/ready").send().await.expect(200);
}

#[tokio::test]
async fn a_replica_that_has_never_read_the_revocation_log_is_unready() {
    let kit = Kit::new().await;

    kit.get("/health/ready").send_at_once().await.refused(503, "unavailable");
}

#[tokio::test]
async fn a_replica_whose_clock_is_not_the_databases_is_unready() {
    let kit = Kit::new().await;

    for (off_by, status) in [(0, 200), (1, 200), (-1, 200), (2, 503), (-30, 503)] {
        kit.another_replica_off_by(off_by).get("/health/ready").send().await.expect(status);
    }
}
