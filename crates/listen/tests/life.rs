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
