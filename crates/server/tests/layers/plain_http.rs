use http::Method;

use crate::support::{Call, Kit};

/// A service behind a proxy that encrypts: where the requests of tests come from.
async fn behind_a_proxy() -> Kit {
    Kit::with(&[("server.trusted_proxies", "203.0.113.5")]).await
}

fn by_plain_http(call: Call<'_>) -> Call<'_> {
    call.header("x-forwarded-proto", "http").header("accept", "text/html")
}

#[tokio::test]
async fn a_visitor_who_came_by_plain_http_is_sent_to_https() {
    let kit = behind_a_proxy().await;

    let reply =
        by_plain_http(kit.get("/auth/sign-in?return_to=%2Fx").header("host", "evil.example")).send().await;

    assert_eq!(reply.status(), 308);
    let here = kit.app.public_url();
    assert_eq!(reply.header("location"), format!("{here}/auth/sign-in?return_to=%2Fx"));
}

#[tokio::test]
async fn what_was_sent_by_plain_http_is_refused_and_not_repeated() {
    let kit = behind_a_proxy().await;

    let reply = kit.call(Method::POST, "/auth/sign-in").header("x-forwarded-proto", "http").send().await;

    let reply = reply.refused(422, "validation_failed");
    assert!(reply.text().contains("plain http"), "{}", reply.text());
}

#[tokio::test]
async fn a_stranger_who_claims_to_forward_changes_nothing() {
    let kit = Kit::new().await;

    let reply = by_plain_http(kit.get("/auth/sign-in")).send().await;

    assert_eq!(reply.status(), 200);
}

/// There the proxy speaks of another request than its own.
#[tokio::test]
async fn forward_auth_is_asked_about_plain_requests_too() {
    let kit = behind_a_proxy().await;

    assert_eq!(kit.get("/auth/check").header("x-forwarded-proto", "http").send().await.status(), 401);
}

#[tokio::test]
async fn services_have_their_own_ways() {
    let kit = behind_a_proxy().await;

    for path in ["/.well-known/jwks.json", "/health/live"] {
        assert_eq!(kit.get(path).header("x-forwarded-proto", "http").send().await.status(), 200, "{path}");
    }
}
