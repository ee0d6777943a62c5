use crate::support::{Kit, PASSWORD, sign_in_body};

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
