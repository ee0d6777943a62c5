//! What a client of HTTP/2 may hold.

use std::time::Duration;

use bytes::Bytes;
use handstamp_listen::{Limits, Listener};
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinHandle;

use crate::support::{LONG, Server, in_time};

type Client = SendRequest<Empty<Bytes>>;

/// Connects as a client that takes this many bytes of each reply before it has to say that it wants more.
async fn connect(server: &Server, window: u32) -> (Client, JoinHandle<hyper::Result<()>>) {
    let stream = TokioIo::new(server.connect().await);
    let mut builder = Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(window);
    let (client, connection) = builder.handshake(stream).await.unwrap();
    (client, tokio::spawn(connection))
}

fn get(path: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("http://x{path}")).body(Empty::new()).unwrap()
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_is_told_that_it_is_over() {
    let limits = Limits { idle_timeout: Duration::from_millis(300), ..Limits::default() };
    let server = Server::start(limits, Listener::plain_with_http2).await;
    let (mut client, connection) = connect(&server, 65_535).await;
    in_time(client.send_request(get("/"))).await.unwrap();

    in_time(connection).await.unwrap().unwrap();

    assert!(client.is_closed());
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_reply_is_hung_up_on() {
    let limits = Limits { write_timeout: Duration::from_millis(300), ..Limits::default() };
    let server = Server::start(limits, Listener::plain_with_http2).await;
    let (mut client, connection) = connect(&server, 10).await;

    let reply = in_time(client.send_request(get(LONG))).await.unwrap();

    // The reply is held, and nothing of it is taken.
    let ended = in_time(connection).await.unwrap();
    assert!(ended.is_err() || client.is_closed());
    assert!(reply.into_body().collect().await.is_err());
}

#[tokio::test]
async fn a_client_that_takes_its_reply_slowly_is_waited_for() {
    let limits = Limits {
        write_timeout: Duration::from_millis(400),
        idle_timeout: Duration::from_millis(400),
        header_timeout: Duration::from_millis(400),
        ..Limits::default()
    };
    let server = Server::start(limits, Listener::plain_with_http2).await;
    let (mut client, _connection) = connect(&server, 32 * 1024).await;

    let mut body = in_time(client.send_request(get(LONG))).await.unwrap().into_body();
    let mut read = 0;
    while let Some(frame) = in_time(body.frame()).await {
        read += frame.unwrap().into_data().map_or(0, |data| data.len());
        if read % (32 * 1024) == 0 {
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }

    assert_eq!(read, 256 * 1024);
}

#[tokio::test]
async fn a_header_that_is_too_large_is_refused_and_costs_nobody_else_anything() {
    let limits = Limits { max_header: 1024, ..Limits::default() };
    let server = Server::start(limits, Listener::plain_with_http2).await;
    let (mut client, _connection) = connect(&server, 65_535).await;

    let mut request = get("/");
    request.headers_mut().insert("x", "a".repeat(4096).parse().unwrap());
    let reply = in_time(client.send_request(request)).await;

    assert!(reply.is_err() || reply.unwrap().status() == 431);
    let (mut other, _connection) = connect(&server, 65_535).await;
    assert_eq!(in_time(other.send_request(get("/"))).await.unwrap().status(), 200);
}
