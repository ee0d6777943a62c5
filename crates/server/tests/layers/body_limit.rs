use bytes::Bytes;

use crate::support::Kit;

#[tokio::test]
async fn a_body_of_one_mebibyte_is_refused_everywhere() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    for path in ["/auth/sign-in", "/auth/refresh", "/auth/sign-out", "/auth/change-password", "/auth/setup"] {
        let body = Bytes::from(vec![b' '; 1024 * 1024]);
        let reply = kit.post(path).ours().bearer(&token).body("application/json", body).send().await;
        reply.refused(413, "body_too_large");
    }
}

#[tokio::test]
async fn a_body_that_does_not_say_how_long_it_is_is_counted() {
    let kit = Kit::with(&[("server.max_body", "1024")]).await;
    let chunks = (0..100).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 100])));
    let body = axum::body::Body::from_stream(futures_util::stream::iter(chunks));
    let request =
        http::Request::post("/auth/sign-in").header("content-type", "application/json").body(body).unwrap();

    let reply = tower::ServiceExt::oneshot(kit.router(), request).await.unwrap();

    assert_eq!(reply.status(), 413);
}

#[tokio::test]
async fn the_limit_itself_still_fits() {
    let kit = Kit::with(&[("server.max_body", "1024")]).await;
    let padded = |len: usize| format!("{:<len$}", r#"{"login":"a","password":"b","delivery":"body"}"#);

    kit.post("/auth/sign-in")
        .body("application/json", padded(1024))
        .send()
        .await
        .refused(401, "invalid_credentials");
    kit.post("/auth/sign-in")
        .body("application/json", padded(1025))
        .send()
        .await
        .refused(413, "body_too_large");
}
