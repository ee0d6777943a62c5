use std::{io, time::Duration};

use tokio::{net::TcpStream, time::sleep};

/// What a client begins with when it knows that HTTP/2 is spoken; no method of HTTP/1.1 begins so.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long to wait for the rest of a first packet that was too short to tell.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A version of HTTP, agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Http1,
    Http2,
}

impl Version {
    /// Tells the version by what a client begins with. For the caller to bound in time: it may say nothing.
    pub(crate) async fn by_preface(stream: &TcpStream) -> io::Result<Self> {
        let mut first = [0; PREFACE.len()];
        loop {
            let seen = stream.peek(&mut first).await?;
            if seen == 0 || !PREFACE.starts_with(&first[..seen]) {
                return Ok(Self::Http1);
            }
            if seen == PREFACE.len() {
                return Ok(Self::Http2);
            }
            // The socket stays readable: only time can be waited for.
            sleep(LOOK_AGAIN).await;
        }
    }
}
