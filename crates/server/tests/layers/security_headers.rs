use http::Method;

use crate::support::Kit;

/// ASVS 3.4.1, 3.4.3 to 3.4.6: on every reply, whatever became of the request.
#[tokio::test]
async fn asvs_3_4_every_reply_carries_the_security_headers() {
    let kit = Kit::new().await;

    for (method, path) in [
        (Method::GET, "/auth/whoami"),
        (Method::GET, "/health/live"),
        (Method::GET, "/auth/setup"),
        (Method::GET, "/nowhere"),
        (Method::DELETE, "/health/live"),
        (Method::POST, "/auth/sign-in"),
        (Method::OPTIONS, "/auth/sign-in"),
    ] {
        let reply = kit.call(method.clone(), path).send().await;
        let shown = format!("{method} {path}: {:?}", reply.0.headers());
        assert_eq!(
            reply.header("strict-transport-security"),
            "max-age=63072000; includeSubDomains",
            "{shown}"
        );
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{shown}");
        assert_eq!(reply.header("x-frame-options"), "DENY", "{shown}");
        assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin", "{shown}");
        assert_eq!(reply.header("cache-control"), "no-store", "{shown}");
        let policy = reply.header("content-security-policy");
        // With no-referrer, browsers that know no Sec-Fetch-Site would send our own forms from the origin `null`.
        let is_page = path == "/auth/setup";
        let referrer_policy = if is_page { "same-origin" } else { "no-referrer" };
        assert_eq!(reply.header("referrer-policy"), referrer_policy, "{shown}");
        for directive in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(directive), "{shown}");
        }
    }
}

/// RFC 6797 §7.2: what is said by plain http, anybody on the way can say.
#[tokio::test]
async fn whoever_comes_by_plain_http_is_promised_nothing() {
    let kit = Kit::with(&[("server.trusted_proxies", "10.0.0.1")]).await;
    let told = async |from: &str, forwarded: &str| {
        let call = kit.get("/health/live").plainly().from(from).header("x-forwarded-proto", forwarded);
        call.send().await.header("strict-transport-security").to_owned()
    };

    assert_eq!(told("10.0.0.1", "http").await, "");
    assert_eq!(told("203.0.113.5", "https").await, "", "whoever says so must be a proxy of ours");
    assert_ne!(told("10.0.0.1", "https").await, "");
}

#[tokio::test]
async fn plain_http_promises_no_tls() {
    let kit = Kit::with(&[("server.public_url", "http://localhost:8600")]).await;

    assert_eq!(kit.get("/health/live").send().await.header("strict-transport-security"), "");
}
