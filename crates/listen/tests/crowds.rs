use std::time::Duration;

use handstamp_listen::{Limits, Listener, PerAddress, serve};
use hyper::service::service_fn;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::support::{PLAIN_GET, Server, UPGRADE, answer, ask, in_time};

/// Has room for more, but not for more of one address.
fn two_each() -> Limits {
    Limits { max_connections: 100, per_address: PerAddress::at_most(2), ..Limits::default() }
}

/// Whatever is sent, the connection is closed.
async fn is_sent_away(mut stream: TcpStream) -> bool {
    // It may be closed already.
    let _ = stream.write_all(PLAIN_GET.as_bytes()).await;
    matches!(in_time(stream.read(&mut [0; 16])).await, Ok(0) | Err(_))
}

#[tokio::test]
async fn who_has_as_many_connections_as_an_address_may_have_gets_no_further_one() {
    let server = Server::start(two_each(), Listener::plain).await;
    let mut both = [server.connect().await, server.connect().await];
    for stream in &mut both {
        assert!(in_time(ask(stream, PLAIN_GET)).await.starts_with("HTTP/1.1 200"));
    }

    assert!(is_sent_away(server.connect().await).await);

    assert!(in_time(ask(&mut both[0], PLAIN_GET)).await.starts_with("HTTP/1.1 200"), "those it has go on");
}

/// Slow on purpose, or about to become a WebSocket: both are connections.
#[tokio::test]
async fn connections_count_whatever_they_are_busy_with() {
    let server = Server::start(two_each(), Listener::plain).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET / HT").await.unwrap();
    let mut upgraded = server.connect().await;
    assert!(in_time(ask(&mut upgraded, UPGRADE)).await.starts_with("HTTP/1.1 101"));

    assert!(is_sent_away(server.connect().await).await);
}

#[tokio::test]
async fn a_connection_that_ends_makes_room_for_another() {
    let server = Server::start(two_each(), Listener::plain).await;
    let (one, _other) = (server.connect().await, server.connect().await);
    assert!(is_sent_away(server.connect().await).await);

    drop(one);

    in_time(async {
        while is_sent_away(server.connect().await).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_stands_for_many_may_have_every_place() {
    let per_address = PerAddress::at_most(2).except(|address| address.is_loopback());
    let server = Server::start(Limits { per_address, ..two_each() }, Listener::plain).await;

    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut stream = server.connect().await;
        assert!(in_time(ask(&mut stream, PLAIN_GET)).await.starts_with("HTTP/1.1 200"));
        streams.push(stream);
    }
}

/// A full port 80 must not close port 443, nor the other way round.
#[tokio::test]
async fn redirects_and_what_is_served_take_no_place_from_each_other() {
    let (main, plain) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let (main_at, plain_at) = (main.local_addr().unwrap(), plain.local_addr().unwrap());
    let listeners = vec![Listener::plain(main), Listener::redirect(plain, "https://x.example")];
    let limits = Limits { max_connections: 1, ..Limits::default() };
    tokio::spawn(serve(listeners, limits, service_fn(answer), std::future::pending()));

    let silent = TcpStream::connect(plain_at).await.unwrap();
    let mut served = TcpStream::connect(main_at).await.unwrap();
    assert!(in_time(ask(&mut served, PLAIN_GET)).await.starts_with("HTTP/1.1 200"));

    let mut other = TcpStream::connect(main_at).await.unwrap();
    let waited = timeout(Duration::from_millis(200), ask(&mut other, PLAIN_GET)).await;
    assert!(waited.is_err(), "there is one place");
    drop(silent);
    let mut sent_on = TcpStream::connect(plain_at).await.unwrap();
    assert!(in_time(ask(&mut sent_on, PLAIN_GET)).await.starts_with("HTTP/1.1 308"));
}
