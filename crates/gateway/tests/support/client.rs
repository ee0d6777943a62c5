use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;

/// A request as it goes over the wire: nothing is tidied on the way, as a client with bad intentions would have it.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    method: String,
    path: String,
    host: String,
    lines: Vec<String>,
    body: Vec<u8>,
}

/// A reply, read to the end of the connection.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    lines: Vec<String>,
    pub(crate) body: Vec<u8>,
    /// The connection ended in order, with everything that the head had promised.
    pub(crate) is_whole: bool,
}

impl Client {
    pub(crate) fn of(address: SocketAddr) -> Self {
        Self {
            address,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            host: address.to_string(),
            lines: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(self, path: &str) -> Self {
        self.request("GET", path)
    }

    pub(crate) fn request(mut self, method: &str, path: &str) -> Self {
        (self.method, self.path) = (method.to_owned(), path.to_owned());
        self
    }

    pub(crate) fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.lines.push(format!("{name}: {value}"));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        let length = self.body.len().to_string();
        self.header("content-length", &length)
    }

    /// Opens a connection and sends the request, and leaves the connection open.
    pub(crate) async fn open(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(&self.bytes()).await.unwrap();
        stream
    }

    /// Sends the request and reads until the other side has nothing more to say.
    pub(crate) async fn send(self) -> Reply {
        let mut stream = self.header("connection", "close").open().await;
        let mut bytes = Vec::new();
        let ended = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an end");
        Reply::parse(&bytes, ended.is_ok())
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {}\r\n", self.method, self.path, self.host);
        for line in &self.lines {
            head.push_str(line);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        [head.into_bytes(), self.body.clone()].concat()
    }
}

impl Reply {
    fn parse(bytes: &[u8], ended: bool) -> Self {
        let split = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
        let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
        let mut lines = head.split("\r\n").map(str::to_owned);
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply =
            Self { status, lines: lines.collect(), body: bytes[split + 4..].to_vec(), is_whole: ended };
        if reply.header("transfer-encoding") == Some("chunked") {
            reply.unchunk();
        } else if let Some(length) = reply.header("content-length") {
            reply.is_whole &= length.parse() == Ok(reply.body.len());
        }
        reply
    }

    fn unchunk(&mut self) {
        let (mut rest, mut body) = (self.body.as_slice(), Vec::new());
        loop {
            let Some(end) = rest.windows(2).position(|window| window == b"\r\n") else {
                self.is_whole = false;
                break;
            };
            let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).unwrap();
            if size == 0 {
                break;
            }
            let chunk = rest.get(end + 2..end + 2 + size);
            let Some(chunk) = chunk else {
                self.is_whole = false;
                break;
            };
            body.extend_from_slice(chunk);
            rest = rest.get(end + 4 + size..).unwrap_or_default();
        }
        self.body = body;
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).into_iter().next()
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.lines.iter().filter_map(|line| line.split_once(": "));
        lines.filter(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn code(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap_or_default().to_owned())
    }

    /// What the service behind got in this header, as [`echo`](super::echo) tells it.
    pub(crate) fn seen(&self, name: &str) -> Option<String> {
        let all = self.seen_all(name);
        assert!(all.len() <= 1, "{name} came more than once: {all:?}");
        all.into_iter().next()
    }

    pub(crate) fn seen_all(&self, name: &str) -> Vec<String> {
        let lines = self.json()["headers"].as_array().cloned().unwrap_or_default();
        let lines = lines.iter().filter_map(|line| line.as_str()?.split_once(": "));
        lines.filter(|(given, _)| *given == name).map(|(_, value)| value.to_owned()).collect()
    }
}
