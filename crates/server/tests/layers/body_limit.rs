use std::time::Duration;

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{serve::running, support::Kit};

const MEBIBYTE: usize = 1024 * 1024;

#[tokio::test]
async fn a_body_of_one_mebibyte_is_refused_everywhere() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    for path in ["/auth/sign-in", "/auth/refresh", "/auth/sign-out", "/auth/change-password", "/auth/setup"] {
        let body = Bytes::from(vec![b' '; MEBIBYTE]);
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

/// Sends a sign-in as it stands, all of it, and only then reads what came back.
async fn sent_then_read(settings: &[(&str, &str)], headers: &str, body: &[u8]) -> String {
    let kit = Kit::with(settings).await;
    let service = running(&kit).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let head = format!(
        "POST /auth/sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n{headers}\r\n\r\n"
    );
    let exchange = async {
        stream.write_all(head.as_bytes()).await.expect("the head is taken");
        stream.write_all(body).await.expect("the body is taken off the wire");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.expect("the refusal can be read to its end");
        reply
    };
    tokio::time::timeout(Duration::from_secs(20), exchange).await.expect("it ends in time")
}

/// Python's client, for one, looks for a reply only after it has sent everything.
#[tokio::test]
async fn who_sends_a_whole_mebibyte_first_can_still_read_the_refusal() {
    let body = vec![b' '; MEBIBYTE];
    let announced = format!("content-length: {MEBIBYTE}");
    let chunked = [format!("{MEBIBYTE:x}\r\n").as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();

    for (headers, body) in [(announced.as_str(), &body), ("transfer-encoding: chunked", &chunked)] {
        let reply = sent_then_read(&[], headers, body).await;

        assert!(reply.starts_with("HTTP/1.1 413"), "{headers}: {reply}");
        assert!(reply.contains("body_too_large"), "{headers}: {reply}");
    }
}

#[tokio::test]
async fn who_announces_too_much_and_sends_nothing_is_refused_within_the_time_of_a_request() {
    let settings = [("server.request_timeout", "500ms")];

    let reply = sent_then_read(&settings, &format!("content-length: {MEBIBYTE}"), b"").await;

    assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
}

/// RFC 9110 §10.1.1: a final status instead of 100 spares the client the sending.
#[tokio::test]
async fn rfc9110_who_asks_before_sending_too_much_is_told_not_to() {
    let headers = format!("expect: 100-continue\r\ncontent-length: {MEBIBYTE}");

    let reply = sent_then_read(&[], &headers, b"").await;

    assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
}
