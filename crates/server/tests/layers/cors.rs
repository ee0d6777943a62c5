use handstamp_e2e::browser::{Blocked, Fetch};
use http::Method;

use crate::support::{APP, AUTH, Kit};

#[tokio::test]
async fn asvs_3_4_2_an_allowed_origin_is_named_and_never_a_star() {
    let kit = Kit::new().await;

    let reply = kit.get("/auth/whoami").header("origin", APP).send().await;

    assert_eq!(reply.header("access-control-allow-origin"), APP);
    assert_eq!(reply.header("access-control-allow-credentials"), "true");
    assert!(reply.header("vary").to_ascii_lowercase().contains("origin"));
}

#[tokio::test]
async fn no_other_origin_is_let_in() {
    let kit = Kit::new().await;

    for origin in [
        "https://evil.example",
        "null",
        "https://app.example.net.evil.example",
        "https://evilapp.example.net",
        "http://app.example.net",
        "https://app.example.net:8443",
        "HTTPS://APP.EXAMPLE.NET",
        "",
    ] {
        let reply = kit.get("/auth/whoami").header("origin", origin).send().await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "{origin}");
        let preflight = kit
            .call(Method::OPTIONS, "/auth/sign-in")
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        assert_eq!(preflight.send().await.header("access-control-allow-origin"), "", "{origin}");
    }
}

#[tokio::test]
async fn every_method_and_header_of_the_interface_passes_the_preflight() {
    let kit = Kit::new().await;
    let mut browser = kit.browser();

    for (method, path) in [
        (Method::POST, "/auth/sign-in"),
        (Method::POST, "/auth/refresh"),
        (Method::PATCH, "/auth/sessions/x"),
        (Method::DELETE, "/auth/sessions/x"),
    ] {
        let request = Fetch::script(APP, method, &format!("{AUTH}{path}")).with_credentials();
        let request = request.json("{}").header("x-handstamp", "1").header("authorization", "Bearer x");
        let request = request.header("idempotency-key", "0");
        assert!(browser.fetch(request).await.is_ok(), "{path}");
    }
    let request = Fetch::script(APP, Method::PUT, &format!("{AUTH}/auth/sign-in")).with_credentials();
    assert!(matches!(browser.fetch(request).await, Err(Blocked::Preflight(_))));
}

#[tokio::test]
async fn an_allowed_page_can_read_why_it_was_refused() {
    let kit = Kit::new().await;
    let mut browser = kit.browser();

    let request = Fetch::script(APP, Method::GET, &format!("{AUTH}/auth/whoami")).with_credentials();
    let reply = browser.fetch(request).await.expect("the reply is readable");

    assert_eq!(reply.status(), 401);
    let exposed = reply.headers()["access-control-expose-headers"].to_str().unwrap();
    for header in ["retry-after", "www-authenticate", "x-request-id"] {
        assert!(exposed.contains(header), "{exposed}");
    }
}

#[tokio::test]
async fn refusals_of_the_layers_themselves_are_readable_too() {
    let kit = Kit::new().await;

    let call = kit.post("/auth/sign-in").header("origin", APP).body("application/json", vec![b' '; 100_000]);
    let reply = call.send().await.refused(413, "body_too_large");

    assert_eq!(reply.header("access-control-allow-origin"), APP);
}
