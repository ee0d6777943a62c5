use std::time::Duration;

use handstamp_listen::{Limits, Listener};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::support::{PLAIN_GET, Server, UPGRADE, ask, in_time};

#[tokio::test]
async fn a_slow_header_is_not_waited_for() {
    let limits = Limits { header_timeout: Duration::from_millis(200), ..Limits::default() };
    let server = Server::start(limits, Listener::plain).await;
    let mut stream = server.connect().await;

    let ended = in_time(async {
        for byte in PLAIN_GET.bytes().cycle().filter(|byte| *byte != b'\r') {
            if stream.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });

    ended.await;
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_is_closed() {
    let limits = Limits { idle_timeout: Duration::from_millis(200), ..Limits::default() };
    let server = Server::start(limits, Listener::plain).await;
    let mut stream = server.connect().await;
    in_time(ask(&mut stream, PLAIN_GET)).await;

    assert_eq!(in_time(stream.read(&mut [0; 16])).await.unwrap(), 0);
}

#[tokio::test]
async fn a_pause_between_two_requests_is_longer_than_a_header_may_take() {
    let limits = Limits { header_timeout: Duration::from_millis(200), ..Limits::default() };
    let server = Server::start(limits, Listener::plain).await;
    let mut stream = server.connect().await;
    in_time(ask(&mut stream, PLAIN_GET)).await;

    tokio::time::sleep(Duration::from_millis(600)).await;

    assert!(in_time(ask(&mut stream, PLAIN_GET)).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_slow_header_is_not_waited_for_after_a_quick_one_either() {
    let limits = Limits { header_timeout: Duration::from_millis(200), ..Limits::default() };
    let server = Server::start(limits, Listener::plain).await;
    let mut stream = server.connect().await;
    in_time(ask(&mut stream, PLAIN_GET)).await;

    stream.write_all(b"GET / HT").await.unwrap();

    assert_eq!(in_time(stream.read(&mut [0; 16])).await.unwrap(), 0);
}

#[tokio::test]
async fn an_upgraded_connection_may_be_silent() {
    let limits = Limits {
        header_timeout: Duration::from_millis(100),
        idle_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let server = Server::start(limits, Listener::plain).await;
    let mut upgraded = server.connect().await;
    in_time(ask(&mut upgraded, UPGRADE)).await;

    tokio::time::sleep(Duration::from_millis(400)).await;

    assert_eq!(in_time(ask(&mut upgraded, "still here")).await, "STILL HERE");
}

#[tokio::test]
async fn an_upgraded_connection_keeps_its_place() {
    let limits = Limits { max_connections: 1, ..Limits::default() };
    let server = Server::start(limits, Listener::plain).await;
    let mut upgraded = server.connect().await;
    assert!(in_time(ask(&mut upgraded, UPGRADE)).await.starts_with("HTTP/1.1 101"));
    assert_eq!(in_time(ask(&mut upgraded, "quiet")).await, "QUIET");

    let mut other = server.connect().await;
    let waited = timeout(Duration::from_millis(300), ask(&mut other, PLAIN_GET)).await;
    assert!(waited.is_err(), "it must wait");
    drop(upgraded);

    assert!(in_time(read(&mut other)).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn whoever_is_redirected_is_not_served() {
    let server = Server::start(Limits::default(), |tcp| Listener::redirect(tcp, "https://x.example")).await;
    let mut stream = server.connect().await;

    let reply = in_time(ask(&mut stream, "GET /a?b HTTP/1.1\r\nhost: y.example\r\n\r\n")).await;

    assert!(
        reply.starts_with("HTTP/1.1 308") && reply.contains("location: https://x.example/a?b\r\n"),
        "{reply}"
    );
    assert_eq!(in_time(stream.read(&mut [0; 16])).await.unwrap(), 0, "and hung up on");
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let limits = Limits { shutdown_timeout: Duration::from_mins(10), ..Limits::default() };
    let server = Server::start(limits, Listener::plain).await;
    let mut stream = server.connect().await;
    in_time(ask(&mut stream, PLAIN_GET)).await;

    server.stop.send(()).unwrap();

    in_time(server.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn an_upgraded_connection_is_waited_for_no_longer_than_everything_else() {
    let limits = Limits { shutdown_timeout: Duration::from_millis(200), ..Limits::default() };
    let server = Server::start(limits, Listener::plain).await;
    let mut upgraded = server.connect().await;
    in_time(ask(&mut upgraded, UPGRADE)).await;

    server.stop.send(()).unwrap();

    in_time(server.task).await.unwrap().unwrap();
}

async fn read(stream: &mut TcpStream) -> String {
    let mut reply = vec![0; 4096];
    let read = stream.read(&mut reply).await.unwrap();
    String::from_utf8_lossy(&reply[..read]).into_owned()
}
