use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// A network between a service and the auth service. It ends with the test.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    weather: watch::Sender<Weather>,
    task: JoinHandle<()>,
}

/// What happens to bytes on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Good,
    /// Connections are closed, and new ones too.
    Cut,
    /// Nothing gets through, and no connection is closed. One that has seen this never works again.
    BlackHole,
    /// Nothing gets through for now; all of it comes later.
    Stall,
    /// Whatever the auth service says arrives so much later.
    Delay(Duration),
    /// Every message of an open stream arrives twice.
    Doubling,
    /// Every second message of an open stream is lost.
    Losing,
    /// Messages of an open stream arrive in pairs, the later one first.
    Swapping,
}

impl Proxy {
    pub(crate) async fn before(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let weather = watch::Sender::new(Weather::Good);
        let told = weather.subscribe();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *told.borrow() != Weather::Cut {
                    tokio::spawn(carry(client, upstream, told.clone()));
                }
            }
        });
        Self { address, weather, task }
    }

    pub(crate) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.weather.send_replace(Weather::Cut);
        self.task.abort();
    }
}

async fn carry(client: TcpStream, upstream: SocketAddr, weather: watch::Receiver<Weather>) {
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut cut = weather.clone();
    let there = Way { from: from_client, to: to_server, weather: weather.clone(), answers: false };
    let back = Way { from: from_server, to: to_client, weather, answers: true };
    tokio::select! {
        () = there.pump() => {}
        () = back.pump() => {}
        _ = cut.wait_for(|weather| *weather == Weather::Cut) => {}
    }
}

/// One direction of a connection.
struct Way {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    weather: watch::Receiver<Weather>,
    /// Whether this is what the auth service says.
    answers: bool,
}

impl Way {
    async fn pump(mut self) {
        let mut bytes = vec![0; 64 * 1024];
        let (mut count, mut kept) = (0_u32, Vec::new());
        while let Ok(read @ 1..) = self.from.read(&mut bytes).await {
            let part = &bytes[..read];
            // HTTP must stay HTTP: only whole messages of a stream can be doubled, lost or swapped.
            let is_message = self.answers && is_whole_chunk(part);
            count += u32::from(is_message);
            let weather = *self.weather.borrow();
            let sent = match weather {
                Weather::BlackHole => return std::future::pending().await,
                Weather::Stall => {
                    let passed = self.weather.wait_for(|weather| *weather != Weather::Stall).await.is_ok();
                    assert!(passed, "the proxy lives as long as its connections");
                    self.to.write_all(part).await
                }
                Weather::Delay(by) => {
                    if self.answers {
                        sleep(by).await;
                    }
                    self.to.write_all(part).await
                }
                Weather::Doubling if is_message => self.to.write_all(&[part, part].concat()).await,
                Weather::Losing if is_message && count.is_multiple_of(2) => Ok(()),
                Weather::Swapping if is_message && kept.is_empty() => {
                    kept = part.to_vec();
                    Ok(())
                }
                Weather::Swapping if is_message => {
                    let pair = [part, &std::mem::take(&mut kept)].concat();
                    self.to.write_all(&pair).await
                }
                _ => self.to.write_all(part).await,
            };
            if sent.is_err() {
                return;
            }
        }
    }
}

/// Returns whether this is one chunk of a chunked body, whole: the auth service writes each message of a stream as one.
fn is_whole_chunk(part: &[u8]) -> bool {
    let Some(end) = part.windows(2).position(|two| two == b"\r\n") else { return false };
    let length = std::str::from_utf8(&part[..end]).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
    length.is_some_and(|length| length > 0 && part.len() == end + 2 + length + 2 && part.ends_with(b"\r\n"))
}
