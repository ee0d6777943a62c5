use http::{HeaderValue, Method};

use crate::support::Kit;

/// Every endpoint that reads JSON.
const ENDPOINTS: [(Method, &str); 6] = [
    (Method::POST, "/auth/sign-in"),
    (Method::POST, "/auth/refresh"),
    (Method::POST, "/auth/sign-out"),
    (Method::POST, "/auth/change-password"),
    (Method::PATCH, "/auth/sessions/00000000000000000000000000000000"),
    (Method::POST, "/auth/setup"),
];

/// Bad input, and what is heard: the same at every endpoint.
const BODIES: [(&[u8], u16, &str); 14] = [
    (b"{", 400, "body_malformed"),
    (b"{\"a\":}", 400, "body_malformed"),
    (b"ann", 400, "body_malformed"),
    (b"{}{}", 400, "body_malformed"),
    (b"{\"login\":\"\xff\xfe\"}", 400, "body_malformed"),
    (b"\xef\xbb\xbf{}", 400, "body_malformed"),
    (b"{'login':'ann'}", 400, "body_malformed"),
    (b"NaN", 400, "body_malformed"),
    (b"null", 422, "validation_failed"),
    (b"[]", 422, "validation_failed"),
    (b"0", 422, "validation_failed"),
    (b"\"text\"", 422, "validation_failed"),
    (b"{\"no_such_member\":1}", 422, "validation_failed"),
    (b"{\"\":{}}", 422, "validation_failed"),
];

#[tokio::test]
async fn bad_json_is_never_a_fault_of_ours() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    for (method, path) in &ENDPOINTS {
        for (body, status, code) in BODIES {
            let call = kit.call(method.clone(), path).ours().bearer(&token).body("application/json", body);
            let reply = call.send().await;
            assert_eq!(
                (reply.0.status().as_u16(), reply.json()["code"].as_str()),
                (status, Some(code)),
                "{method} {path}: {}",
                String::from_utf8_lossy(body)
            );
        }
    }
    kit.get("/auth/whoami").bearer(&token).send().await.expect(200);
}

#[tokio::test]
async fn deep_nesting_is_malformed_and_no_stack_overflow() {
    let kit = Kit::new().await;
    let deep = "[".repeat(60_000);

    kit.post("/auth/sign-in")
        .ours()
        .body("application/json", deep)
        .send()
        .await
        .refused(400, "body_malformed");
}

#[tokio::test]
async fn an_empty_body_is_malformed_where_one_is_needed() {
    let kit = Kit::new().await;

    kit.post("/auth/sign-in").ours().body("application/json", "").send().await.refused(400, "body_malformed");
    kit.post("/auth/sign-in").ours().send().await.refused(415, "unsupported_media_type");
}

#[tokio::test]
async fn another_content_type_is_refused() {
    let kit = Kit::new().await;

    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded; charset=utf-16",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/jsonx",
        "application/xml",
        "",
    ] {
        let reply = kit.post("/auth/sign-in").ours().body(content_type, "{}").send().await;
        reply.refused(415, "unsupported_media_type");
    }
    for content_type in ["application/json; charset=UTF-8", "Application/JSON"] {
        kit.post("/auth/sign-in")
            .ours()
            .body(content_type, "{}")
            .send()
            .await
            .refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn a_compressed_body_is_refused() {
    let kit = Kit::new().await;

    let call = kit.post("/auth/sign-in").ours().header("content-encoding", "gzip");

    call.body("application/json", "{}").send().await.refused(415, "unsupported_media_type");
}

#[tokio::test]
async fn cookies_that_cannot_be_read_are_refused_and_others_do_no_harm() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    let ask = async |cookie: &[u8]| {
        let value = HeaderValue::from_bytes(cookie).unwrap();
        kit.get("/auth/whoami").header("cookie", value).send().await
    };

    ask(b"__Host-Http-at=\xff\xfe").await.refused(401, "token_malformed");
    ask(b"__Host-Http-at=").await.refused(401, "token_missing");
    ask(b"; ; =; __host-http-at=x; \xff=\xff").await.refused(401, "token_missing");
    let beside = format!("theme=dark; \u{e4}=\u{f6}; __Host-Http-at={token}; __Host-Http-at-8600=x");
    ask(beside.as_bytes()).await.expect(200);
}

#[tokio::test]
async fn headers_that_cannot_be_read_do_no_harm() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    let strange = || HeaderValue::from_bytes(b"\xff\xfe").unwrap();

    for name in ["user-agent", "x-request-id", "x-forwarded-for", "accept", "origin", "referer"] {
        kit.get("/auth/whoami").bearer(&token).header(name, strange()).send().await.expect(200);
    }
    kit.get("/auth/whoami").header("authorization", strange()).send().await.refused(401, "token_malformed");
    kit.post("/auth/sign-in").header("origin", strange()).send().await.refused(415, "unsupported_media_type");
}

#[tokio::test]
async fn a_huge_token_is_refused() {
    let kit = Kit::new().await;

    for token in ["a".repeat(60_000), format!("{0}.{0}.{0}", "a".repeat(20_000))] {
        kit.get("/auth/whoami").bearer(&token).send().await.refused(401, "token_malformed");
    }
}
