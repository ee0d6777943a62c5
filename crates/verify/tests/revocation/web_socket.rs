//! A WebSocket of axum's, as a service would write it, over a real connection.

use super::watch::watch;
use super::*;
use crate::support::log::Log;
use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::routing::get;
use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};
use handstamp_verify::revocation::{Ended, Watch};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// IANA's "unauthorized", and "try again later".
const UNAUTHORIZED: u16 = 3000;
const TRY_AGAIN_LATER: u16 = 1013;

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;

/// Repeats what is said until the token is over.
async fn repeat(mut socket: WebSocket, mut watch: Watch) {
    loop {
        tokio::select! {
            ended = watch.ended() => {
                let code = if ended == Ended::Unavailable { TRY_AGAIN_LATER } else { UNAUTHORIZED };
                let close = CloseFrame { code, reason: "the token is over".into() };
                // Who has gone already needs no goodbye.
                let _ = socket.send(Message::Close(Some(close))).await;
                return;
            }
            message = socket.recv() => match message {
                Some(Ok(said @ Message::Text(_))) => socket.send(said).await.unwrap(),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            }
        }
    }
}

/// The browser's end of a socket, as far as it takes.
struct Client(TcpStream);

impl Client {
    /// Serves one session's socket and connects to it.
    async fn connect(log: &Log, sid: &'static str) -> Self {
        let watch = Arc::new(std::sync::Mutex::new(Some(watch(log, sid))));
        let handler = async move |upgrade: WebSocketUpgrade| {
            let watch = watch.lock().unwrap().take().unwrap();
            upgrade.on_upgrade(|socket| repeat(socket, watch))
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/socket", get(handler));
        tokio::spawn(async move { axum::serve(listener, router).await });

        let mut stream = TcpStream::connect(address).await.unwrap();
        let handshake = "GET /socket HTTP/1.1\r\nhost: orders\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(handshake.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        Self(stream)
    }

    /// Says something short, under the mask that clients must use: here, of zeros.
    async fn say(&mut self, text: &str) {
        let mut frame = vec![TEXT, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
        frame.extend(text.as_bytes());
        self.0.write_all(&frame).await.unwrap();
    }

    /// Returns the next frame: its kind, and what is in it.
    async fn hear(&mut self) -> (u8, Vec<u8>) {
        let frame = async {
            let [kind, length] = [self.0.read_u8().await.unwrap(), self.0.read_u8().await.unwrap()];
            let mut content = vec![0; length.into()];
            self.0.read_exact(&mut content).await.unwrap();
            (kind, content)
        };
        timeout(Duration::from_secs(10), frame).await.unwrap()
    }

    /// Waits for the server to close, and returns the code.
    async fn closed(&mut self) -> u16 {
        let (kind, content) = self.hear().await;
        assert_eq!(kind, CLOSE);
        u16::from_be_bytes([content[0], content[1]])
    }
}

#[tokio::test]
async fn a_web_socket_is_closed_with_its_session_and_no_other_is() {
    let mut log = Log::new();
    let mut hers = Client::connect(&log, "session-1").await;
    let mut his = Client::connect(&log, "session-2").await;
    hers.say("hello").await;
    assert_eq!(hers.hear().await, (TEXT, b"hello".to_vec()));

    log.revoke(RevocationLevel::Session, "session-1", RevocationKind::Dead);

    assert_eq!(hers.closed().await, UNAUTHORIZED);
    his.say("still here").await;
    assert_eq!(his.hear().await, (TEXT, b"still here".to_vec()));
}

#[tokio::test]
async fn a_web_socket_is_closed_when_its_token_expires() {
    let log = Log::new();
    let mut hers = Client::connect(&log, "session-1").await;

    log.clock.advance(600);

    assert_eq!(hers.closed().await, UNAUTHORIZED);
}
