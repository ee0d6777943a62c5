//! Event streams, WebSockets and HTTP/2.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::http::{HeaderMap, Request, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, Empty, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{House, PATIENCE, Refreshing, echo, route, serve};

/// Something every 50 ms, for ever.
fn ticking(kind: &'static str) -> Response {
    let ticks = stream::unfold(0, |n| async move {
        sleep(Duration::from_millis(50)).await;
        Some((Ok::<_, Infallible>(Bytes::from(format!("data: {n}\n\n"))), n + 1))
    });
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(ticks)).into_response()
}

async fn repeat(upgrade: WebSocketUpgrade, headers: HeaderMap) -> Response {
    let who =
        headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    upgrade.on_upgrade(|mut socket| async move {
        let _ = socket.send(Message::Text(who.into())).await;
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

async fn streaming() -> std::net::SocketAddr {
    serve(
        Router::new()
            .route("/events", get(async || ticking("text/event-stream; charset=utf-8")))
            .route("/download", get(async || ticking("application/octet-stream")))
            .route("/socket", get(repeat)),
    )
    .await
}

fn handshake(house: &House) -> crate::support::Client {
    let origin = format!("http://{}", house.address);
    house
        .signed_in("GET", "/socket")
        .header("connection", "keep-alive, Upgrade")
        .header("upgrade", "websocket")
        .header("origin", &origin)
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

/// Reads the head of a reply, and leaves what follows.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.expect("a head").unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Reads one frame of a server: opcode and payload.
async fn frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut two = [0; 2];
    timeout(PATIENCE, stream.read_exact(&mut two)).await.expect("a frame").unwrap();
    let length = match two[1] {
        126 => usize::from(stream.read_u16().await.unwrap()),
        short => usize::from(short),
    };
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.unwrap();
    (two[0] & 0x0f, payload)
}

#[tokio::test]
async fn events_arrive_as_they_happen() {
    let house = House::before(streaming().await).await;
    let mut stream = house.signed_in("GET", "/events").open().await;
    let started = Instant::now();

    let head = head(&mut stream).await;
    let mut seen = String::new();
    while !seen.contains("data: 2") {
        let mut buffer = [0; 256];
        let read = timeout(PATIENCE, stream.read(&mut buffer)).await.expect("events").unwrap();
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }

    assert!(head.contains("text/event-stream"), "{head}");
    assert!(started.elapsed() < Duration::from_secs(5), "they were held back");
}

#[tokio::test]
async fn an_event_stream_ends_with_its_token_as_if_the_service_had_ended_it() {
    let house = House::before(streaming().await).await;
    let request = house.signed_in("GET", "/events").header("connection", "close");
    let mut stream = request.open().await;
    head(&mut stream).await;

    house.clock.advance(11 * 60);

    let mut rest = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut rest)).await.expect("an end").unwrap();
    assert!(
        rest.ends_with("0\r\n\r\n"),
        "the last chunk is there, so that the reader comes back by itself: {rest:?}"
    );
}

#[tokio::test]
async fn a_download_outlives_its_token() {
    let house = House::before(streaming().await).await;
    let mut stream = house.signed_in("GET", "/download").open().await;
    head(&mut stream).await;

    house.clock.advance(11 * 60);
    sleep(Duration::from_millis(2_500)).await;

    let mut buffer = vec![0; 64 * 1024];
    while timeout(Duration::from_millis(10), stream.read(&mut buffer))
        .await
        .is_ok_and(|read| read.unwrap() > 0)
    {}
    let more = timeout(PATIENCE, stream.read(&mut buffer)).await.expect("more").unwrap();
    assert!(more > 0, "it goes on");
}

#[tokio::test]
async fn an_event_stream_ends_when_the_gateway_stops() {
    let mut house = House::before(streaming().await).await;
    let mut stream = house.signed_in("GET", "/events").open().await;
    head(&mut stream).await;

    house.stop();

    let mut rest = String::new();
    timeout(Duration::from_secs(5), stream.read_to_string(&mut rest)).await.expect("an end").unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "{rest:?}");
}

#[tokio::test]
async fn a_web_socket_goes_through_with_a_bearer_token() {
    let house = House::before(streaming().await).await;
    let mut socket = handshake(&house).open().await;

    let head = head(&mut socket).await;
    assert!(head.starts_with("HTTP/1.1 101") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    let (_, who) = frame(&mut socket).await;
    assert!(String::from_utf8_lossy(&who).starts_with("Bearer ey"));
    // A masked text of five bytes, with a mask of zeroes.
    socket.write_all(b"\x81\x85\0\0\0\0hello").await.unwrap();
    assert_eq!(frame(&mut socket).await, (1, b"hello".to_vec()));
}

#[tokio::test]
async fn a_web_socket_ends_with_its_token_and_says_so() {
    let house = House::before(streaming().await).await;
    let mut socket = handshake(&house).open().await;
    head(&mut socket).await;
    frame(&mut socket).await;

    house.clock.advance(11 * 60);

    let (opcode, payload) = frame(&mut socket).await;
    assert_eq!((opcode, u16::from_be_bytes([payload[0], payload[1]])), (8, 3000));
    assert_eq!(timeout(PATIENCE, socket.read(&mut [0])).await.expect("an end").unwrap(), 0);
}

#[tokio::test]
async fn a_web_socket_ends_when_the_gateway_stops() {
    let mut house = House::before(streaming().await).await;
    let mut socket = handshake(&house).open().await;
    head(&mut socket).await;
    frame(&mut socket).await;

    house.stop();

    let (opcode, payload) = frame(&mut socket).await;
    assert_eq!((opcode, u16::from_be_bytes([payload[0], payload[1]])), (8, 1001));
}

#[tokio::test]
async fn a_foreign_page_opens_no_web_socket_with_our_cookie() {
    let house = House::before(streaming().await).await;
    let cookies = house.cookies(&house.token(house.ada()));
    let from = |name: &str, value: &str| {
        let socket = house.client().get("/socket").header("cookie", &cookies).header("connection", "Upgrade");
        socket
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "x")
            .header(name, value)
            .send()
    };

    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "same-site")] {
        assert_eq!(from(name, value).await.code(), (403, "csrf_rejected".to_owned()), "{name}: {value}");
    }
}

#[tokio::test]
async fn a_web_socket_is_opened_with_a_token_that_was_refreshed_on_the_way() {
    let house = House::before(streaming().await).await;
    let request = handshake(&house);
    house.clock.advance(11 * 60);
    house.auth.refreshing(Refreshing::After(Duration::from_millis(10)));

    let mut socket = request.open().await;

    let head = head(&mut socket).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert_eq!((head.matches("set-cookie: ").count(), house.auth.refreshes()), (3, 1));
}

#[tokio::test]
async fn no_other_protocol_is_switched_to() {
    let house = House::start("", &route("/*", echo().await, "public")).await;

    let reply = house
        .client()
        .header("connection", "Upgrade, HTTP2-Settings")
        .header("upgrade", "h2c")
        .header("http2-settings", "AAMAAABkAAQAAP__")
        .send()
        .await;

    assert_eq!(reply.status, 200);
    assert_eq!((reply.seen("upgrade"), reply.seen("http2-settings")), (None, None));
}

/// gRPC says there how a call went.
#[tokio::test]
async fn what_stands_behind_the_body_of_a_reply_comes_through() {
    let call = async || {
        let mut status = HeaderMap::new();
        status.insert("grpc-status", "5".parse().unwrap());
        let frames = [Frame::data(Bytes::from_static(b"begun")), Frame::trailers(status)];
        Body::new(StreamBody::new(stream::iter(frames.map(Ok::<_, Infallible>))))
    };
    let service = serve(Router::new().route("/call", get(call))).await;
    let house = House::start("", &(route("/*", service, "public") + "http2 = true\n")).await;
    let stream = TokioIo::new(TcpStream::connect(house.address).await.unwrap());
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);

    let request = Request::get(format!("http://{}/call", house.address)).body(Empty::<Bytes>::new()).unwrap();
    let reply = sender.send_request(request).await.unwrap().into_body().collect().await.unwrap();

    assert_eq!(reply.trailers().unwrap()["grpc-status"], "5");
    assert_eq!(reply.to_bytes(), "begun");
}

#[tokio::test]
async fn http_2_is_spoken_with_clients_and_with_services_that_want_it() {
    let service = echo().await;
    let routes =
        route("/*", service, "signed_in") + &route("/grpc/*", service, "signed_in") + "http2 = true\n";
    let house = House::start("", &routes).await;
    let stream = TokioIo::new(TcpStream::connect(house.address).await.unwrap());
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let cookies = house.cookies(&house.token(house.ada()));

    let mut seen = Vec::new();
    for path in ["/orders", "/grpc/orders"] {
        let mut request = Request::get(format!("http://{}{path}", house.address));
        // As browsers do, one cookie a line (RFC 9113 §8.2.3).
        for cookie in cookies.split("; ") {
            request = request.header("cookie", cookie);
        }
        let reply = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        assert_eq!(reply.status(), 200, "{path}");
        let body = reply.into_body().collect().await.unwrap().to_bytes();
        seen.push(serde_json::from_slice::<serde_json::Value>(&body).unwrap());
    }

    assert_eq!(
        (seen[0]["version"].as_str(), seen[1]["version"].as_str()),
        (Some("HTTP/1.1"), Some("HTTP/2.0"))
    );
    for seen in seen {
        let headers = seen["headers"].to_string();
        assert!(
            headers.contains("authorization: Bearer ey") && headers.contains("via: 2.0 handstamp"),
            "{headers}"
        );
        assert!(headers.contains("cookie: theme=dark") && !headers.contains("__Host"), "{headers}");
    }
}
