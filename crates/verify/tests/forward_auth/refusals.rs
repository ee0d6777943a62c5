use super::{ada_cookie, ask, ask_as_ada, code, forwarded, refusal};

const ALLOW: &str = "access-control-allow-origin";

#[tokio::test]
async fn a_script_of_an_allowed_origin_can_read_why_it_was_refused() {
    let origin = [("origin", "https://shop.example")];

    for refused in [refusal(ask("", &origin).await), refusal(ask_as_ada("?role=admin", &origin).await)] {
        let headers = refused.headers();
        assert_eq!(headers[ALLOW], "https://shop.example");
        assert_eq!(headers["access-control-allow-credentials"], "true");
        assert_eq!(headers["vary"], "origin");
        assert!(headers["access-control-expose-headers"].to_str().unwrap().contains("www-authenticate"));
    }
}

#[tokio::test]
async fn nobody_else_can() {
    for origin in
        ["https://evil.example", "null", "https://shop.example.evil.example", "https://SHOP.example"]
    {
        let refused = refusal(ask("", &[("origin", origin)]).await);

        assert_eq!(refused.headers().get(ALLOW), None, "{origin}");
        assert_eq!(refused.headers()["vary"], "origin");
    }
    let twice = [("origin", "https://shop.example"), ("origin", "https://evil.example")];
    assert_eq!(refusal(ask("", &twice).await).headers().get(ALLOW), None);
    assert_eq!(refusal(ask("", &[]).await).headers().get(ALLOW), None);
}

/// The service behind has its own word on who may read its replies.
#[tokio::test]
async fn whoever_passes_is_told_nothing_about_origins() {
    let passed = ask_as_ada("", &[("origin", "https://shop.example")]).await.unwrap();

    assert_eq!(passed.headers().get(ALLOW), None);
}

#[tokio::test]
async fn a_refusal_is_a_problem_with_a_challenge_and_its_code_in_a_header() {
    let refused = refusal(ask("", &[]).await);

    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    assert_eq!(refused.headers()["cache-control"], "no-store");
    assert_eq!(refused.headers()["www-authenticate"], "Bearer");
    assert_eq!(refused.headers()["x-handstamp-code"], "token_missing");
    let problem: serde_json::Value = serde_json::from_slice(refused.body()).unwrap();
    assert_eq!(problem["code"], "token_missing");
}

/// A page of a sibling host has the cookie too, and a WebSocket is open to all origins.
#[tokio::test]
async fn a_page_of_another_origin_opens_no_web_socket_through_the_proxy() {
    let cookie = ada_cookie();
    let open = async |headers: &[(&str, &str)]| {
        let key = [("cookie", cookie.as_str()), ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")];
        ask("", &forwarded("GET", "/live", &[&key, headers].concat())).await
    };

    let sibling = open(&[("origin", "https://evil.app.example"), ("sec-fetch-site", "same-site")]).await;
    assert_eq!(code(sibling), (403, "csrf_rejected".to_owned()));
    assert!(open(&[("origin", "https://app.example"), ("sec-fetch-site", "same-origin")]).await.is_ok());
}
