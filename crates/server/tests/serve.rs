//! The service on a real socket.

use std::{future::Future, net::SocketAddr, time::Duration};

use handstamp_core::{
    model::{AuditEntry, AuditKind},
    store::{Changes, Store as _},
};
use handstamp_e2e::browser::Transport as _;
use handstamp_e2e::socket::Socket;
use http::Request;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use crate::support::Kit;

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) task: JoinHandle<std::io::Result<()>>,
}

pub(crate) async fn running(kit: &Kit) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async {
        stopped.await.ok();
    };
    let task = tokio::spawn(handstamp_server::serve(listener, kit.app.clone(), shutdown));
    Running { address, stop, task }
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it ends in time")
}

#[tokio::test]
async fn it_answers_and_stops_when_it_is_told() {
    let kit = Kit::new().await;
    let service = running(&kit).await;

    let request =
        Request::get(format!("http://{}/health/ready", service.address)).body(bytes::Bytes::new()).unwrap();
    let reply = in_time(Socket::new().send(request)).await;

    assert_eq!(reply.status(), 200);
    service.stop.send(()).unwrap();
    in_time(service.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(service.address).await.is_err());
}

#[tokio::test]
async fn huge_headers_are_431_and_cost_nobody_else_anything() {
    let kit = Kit::new().await;
    let service = running(&kit).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();

    let request = format!("GET /health/live HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(1_000_000));
    // The service may answer and hang up before all of it is sent.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut reply = [0; 12];
    in_time(stream.read_exact(&mut reply)).await.unwrap();

    assert_eq!(&reply, b"HTTP/1.1 431");
    let request =
        Request::get(format!("http://{}/health/live", service.address)).body(bytes::Bytes::new()).unwrap();
    assert_eq!(in_time(Socket::new().send(request)).await.status(), 200);
}

#[tokio::test]
async fn what_is_not_http_is_hung_up_on() {
    let kit = Kit::new().await;
    let service = running(&kit).await;

    for nonsense in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"GET\r\n\r\n", b"\0\0\0\0\r\n\r\n"] {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        stream.write_all(nonsense).await.unwrap();
        let mut reply = Vec::new();
        // A reset is as good as an end.
        let _ = in_time(stream.read_to_end(&mut reply)).await;
        assert!(reply.is_empty() || reply.starts_with(b"HTTP/1.1 400"), "{reply:?}");
    }
}

/// Slow reading: whoever asks for ever and never reads must not hold a connection for ever.
#[tokio::test]
async fn a_client_that_never_reads_is_hung_up_on() {
    let kit = Kit::with(&[("server.write_timeout", "300ms")]).await;
    let service = running(&kit).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let requests = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);

    let refused = in_time(async {
        loop {
            if let Err(error) = stream.write_all(requests.as_bytes()).await {
                return error;
            }
        }
    });

    let hung_up = [std::io::ErrorKind::ConnectionReset, std::io::ErrorKind::BrokenPipe];
    assert!(hung_up.contains(&refused.await.kind()));
}

#[tokio::test]
async fn a_connection_beyond_the_most_waits_until_another_ends() {
    let kit = Kit::with(&[("server.max_connections", "1")]).await;
    let service = running(&kit).await;
    let ask = async |stream: &mut TcpStream| {
        stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut reply = [0; 12];
        stream.read_exact(&mut reply).await.unwrap();
        reply
    };
    let mut first = TcpStream::connect(service.address).await.unwrap();
    assert_eq!(&in_time(ask(&mut first)).await, b"HTTP/1.1 200");

    let mut second = TcpStream::connect(service.address).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(300), ask(&mut second)).await;
    assert!(waited.is_err(), "it must wait");

    drop(first);
    assert_eq!(&in_time(ask(&mut second)).await, b"HTTP/1.1 200");
}

#[tokio::test]
async fn the_service_stops_although_no_place_is_left() {
    let kit = Kit::with(&[("server.max_connections", "1")]).await;
    let service = running(&kit).await;
    let _holder = TcpStream::connect(service.address).await.unwrap();

    service.stop.send(()).unwrap();

    in_time(service.task).await.unwrap().unwrap();
}

/// After an import, or a long time without a service, there may be hours of work.
#[tokio::test(start_paused = true)]
async fn the_service_stops_although_not_everything_is_put_away() {
    let kit = Kit::new().await;
    let long_ago = kit.rules.clock.now() - Duration::from_hours(366 * 24);
    let entries = (0..5_000).map(|_| AuditEntry::new(AuditKind::SignInFailed, long_ago));
    kit.store.apply(entries.fold(Changes::default(), Changes::audit)).await.unwrap();
    let service = running(&kit).await;
    // It is put away once a minute, in batches of 500.
    tokio::time::sleep(Duration::from_millis(60_100)).await;

    service.stop.send(()).unwrap();
    in_time(service.task).await.unwrap().unwrap();

    let left = kit.store.audit_entries(None, 10_000).await.unwrap();
    let left = left.iter().filter(|entry| entry.at == long_ago).count();
    assert!((1..5_000).contains(&left), "{left} are left");
}

#[tokio::test(start_paused = true)]
async fn the_service_stops_although_its_tasks_wait_for_the_database() {
    let kit = Kit::new().await;
    let service = running(&kit).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    kit.store.set_slow(Duration::from_hours(1));
    tokio::time::sleep(Duration::from_secs(2)).await;

    service.stop.send(()).unwrap();

    in_time(service.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_runs_is_answered_although_the_service_stops() {
    let kit = Kit::new().await;
    let service = running(&kit).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let head = "POST /auth/sign-in HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\
                content-type: application/json\r\ncontent-length: 2\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = *b"HTTP/1.1 ... ........\r\n\r\n";
    in_time(stream.read_exact(&mut go_on)).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");

    service.stop.send(()).unwrap();
    in_time(async {
        while TcpStream::connect(service.address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    stream.write_all(b"{}").await.unwrap();

    let mut reply = String::new();
    in_time(stream.read_to_string(&mut reply)).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 422"), "{reply}");
    in_time(service.task).await.unwrap().unwrap();
}
