use std::time::Duration;

use bytes::Bytes;
use handstamp_listen::{Limits, Listener};
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{PLAIN_GET, Server, ask, in_time};

#[tokio::test]
async fn a_request_says_where_it_comes_from() {
    let server = Server::start(Limits::default(), Listener::plain).await;
    let mut stream = server.connect().await;

    let reply = in_time(ask(&mut stream, PLAIN_GET)).await;

    let peer = format!("HTTP/1.1 from {} tls false", stream.local_addr().unwrap());
    assert!(reply.ends_with(&peer), "{reply}");
}

#[tokio::test]
async fn the_same_listener_speaks_both_versions_where_it_is_told_to() {
    let server = Server::start(Limits::default(), Listener::plain_with_http2).await;

    let reply = in_time(ask(&mut server.connect().await, PLAIN_GET)).await;
    assert!(reply.contains("HTTP/1.1 from"), "{reply}");

    let stream = TokioIo::new(server.connect().await);
    let (mut client, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("http://x/").body(Empty::<Bytes>::new()).unwrap();
    let reply = in_time(client.send_request(request)).await.unwrap();
    let body = reply.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(b"HTTP/2.0 from"), "{body:?}");
}

/// `POST`, `PUT` and `PATCH` begin like the preface of HTTP/2.
#[tokio::test]
async fn a_method_that_begins_like_the_preface_is_http_1() {
    let server = Server::start(Limits::default(), Listener::plain_with_http2).await;
    let mut stream = server.connect().await;

    stream.write_all(b"P").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let reply = in_time(ask(&mut stream, "UT / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")).await;

    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}

#[tokio::test]
async fn a_client_that_does_not_say_what_it_speaks_is_hung_up_on() {
    let limits = Limits { handshake_timeout: Duration::from_millis(200), ..Limits::default() };
    let server = Server::start(limits, Listener::plain_with_http2).await;

    for first in [&b""[..], b"PRI * HTT"] {
        let mut stream = server.connect().await;
        stream.write_all(first).await.unwrap();
        let ended = in_time(stream.read(&mut [0; 16])).await;
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    }
}

#[tokio::test]
async fn http_2_is_not_spoken_where_nobody_said_so() {
    let server = Server::start(Limits::default(), Listener::plain).await;
    let mut stream = server.connect().await;

    let reply = in_time(ask(&mut stream, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")).await;

    assert!(reply.is_empty() || reply.starts_with("HTTP/1.1 400"), "{reply}");
}
