//! A service of the app: it says what it was asked, and knows an event stream, a WebSocket and a download.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Serves on this machine until the test ends.
pub(crate) async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    address
}

async fn answer(mut stream: TcpStream) {
    let Some(head) = head(&mut stream).await else { return };
    let mut lines = head.lines();
    let asked = lines.next().unwrap_or_default().to_owned();
    let path = asked.split(' ').nth(1).unwrap_or_default();
    // Whoever has gone away needs no answer.
    let _ = match path {
        "/api/events" => events(&mut stream, "text/event-stream").await,
        "/api/download" => events(&mut stream, "application/octet-stream").await,
        "/api/silence" => silence(&mut stream).await,
        "/api/socket" => socket(&mut stream).await,
        _ => {
            let headers: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
            let body = json!({ "asked": asked, "headers": headers }).to_string();
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ";
            stream.write_all(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes()).await
        }
    };
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

async fn events(stream: &mut TcpStream, kind: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    loop {
        stream.write_all(b"9\r\ndata: x\n\n\r\n").await?;
        sleep(Duration::from_millis(20)).await;
    }
}

/// Begins, and says nothing more.
async fn silence(stream: &mut TcpStream) -> std::io::Result<()> {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: 1000\r\n\r\nbegun";
    stream.write_all(head.as_bytes()).await?;
    std::future::pending().await
}

/// Agrees, and says every byte back.
async fn socket(stream: &mut TcpStream) -> std::io::Result<()> {
    let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let (mut from, mut to) = stream.split();
    tokio::io::copy(&mut from, &mut to).await.map(|_| ())
}
