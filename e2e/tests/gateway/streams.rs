//! What is still under way when a session ends.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::front::{Front, Wishes};
use crate::support::PATIENCE;

const HANDSHAKE: &str = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.expect("a head").expect("a byte"));
    }
    String::from_utf8(head).expect("text")
}

/// Reads to the end, and returns the last bytes and when they came.
async fn read_to_end(mut stream: TcpStream) -> (Vec<u8>, Instant) {
    let mut bytes = Vec::new();
    // A connection that is cut off ends as well.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an end");
    (bytes, Instant::now())
}

#[tokio::test]
async fn a_sign_out_ends_event_streams_web_sockets_and_downloads_within_moments() {
    let front = Front::ready(Wishes::default()).await;
    let mut session = front.signed_in().await;
    let mut events = front.open(&session, "/api/events", "connection: close\r\n").await;
    let mut download = front.open(&session, "/api/download", "connection: close\r\n").await;
    let mut silence = front.open(&session, "/api/silence", "connection: close\r\n").await;
    let mut socket = front.open(&session, "/api/socket", HANDSHAKE).await;
    assert!(read_head(&mut events).await.starts_with("HTTP/1.1 200"));
    assert!(read_head(&mut download).await.starts_with("HTTP/1.1 200"));
    assert!(read_head(&mut silence).await.starts_with("HTTP/1.1 200"));
    assert!(read_head(&mut socket).await.starts_with("HTTP/1.1 101"));
    // A text that comes back as it went.
    socket.write_all(b"\x81\x02hi").await.expect("a frame");
    let mut said = [0; 4];
    socket.read_exact(&mut said).await.expect("the frame");
    assert_eq!(&said, b"\x81\x02hi");
    let ends = [events, download, silence, socket].map(|stream| tokio::spawn(read_to_end(stream)));
    sleep(Duration::from_millis(1_500)).await;
    assert!(ends.iter().all(|end| !end.is_finished()), "nothing ends by itself");

    let out = front.send(&mut session, "POST", "/auth/sign-out", Some(&json!({ "scope": "session" }))).await;
    assert_eq!(out.status, 200);
    let signed_out = Instant::now();

    let [events, download, silence, socket] = ends;
    let (events, events_at) = events.await.expect("no panic");
    let (download, download_at) = download.await.expect("no panic");
    let (silence, silence_at) = silence.await.expect("no panic");
    let (socket, socket_at) = socket.await.expect("no panic");
    assert!(events.ends_with(b"0\r\n\r\n"), "its reader comes back by itself");
    assert!(!download.ends_with(b"0\r\n\r\n"), "half a file must not look whole");
    assert_eq!(silence, b"begun");
    assert_eq!(socket.get(..4), Some(&[0x88, socket[1], 0x0b, 0xb8][..]), "a close frame with the code 3000");
    for at in [events_at, download_at, silence_at, socket_at] {
        let took = at.saturating_duration_since(signed_out);
        // Some 50 ms of the watch, and a machine that does other things.
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_gateway_and_the_gateway_with_code_0() {
    let front = Front::ready(Wishes::default()).await;
    let session = front.signed_in().await;
    let mut events = front.open(&session, "/api/events", "connection: close\r\n").await;
    read_head(&mut events).await;
    let end = tokio::spawn(read_to_end(events));

    let status = front.gateway.stop();

    assert_eq!(status.code(), Some(0));
    assert!(end.await.expect("no panic").0.ends_with(b"0\r\n\r\n"));
}
