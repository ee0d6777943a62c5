//! A load generator: keep-alive connections, one request in flight on each, latencies kept.
//!
//! It writes prepared bytes and reads just enough of a response to find its end, so that it takes little of the machine it
//! shares with the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::report::Cell;
use crate::statistics::{median, nanos_each, percentile};
use crate::{Outcome, failed};

/// What a stretch of load found.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// Nanoseconds of each request.
    latencies: Vec<f64>,
    /// How long it went on.
    took: Duration,
    /// How long what was measured had a processor meanwhile.
    worked: Duration,
}

impl Load {
    /// Returns what `took` so long and had these latencies.
    pub fn new(latencies: Vec<f64>, took: Duration) -> Self {
        Self { latencies, took, worked: Duration::ZERO }
    }

    /// Adds how long what was measured had a processor.
    #[must_use]
    pub fn worked(mut self, time: Duration) -> Self {
        self.worked += time;
        self
    }

    /// Returns nanoseconds of processor time a request.
    pub fn work(&self) -> f64 {
        nanos_each(self.worked, self.latencies.len() as u64)
    }

    /// Returns requests a second.
    pub fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        let count = self.latencies.len() as f64;
        count / self.took.as_secs_f64()
    }

    /// Returns the latency in nanoseconds that this share of the requests stayed below.
    pub fn latency(&self, share: f64) -> f64 {
        percentile(&self.latencies, share)
    }

    /// Returns all the stretches as one.
    pub fn together(stretches: &[Self]) -> Self {
        Self {
            latencies: stretches.iter().flat_map(|load| &load.latencies).copied().collect(),
            took: stretches.iter().map(|load| load.took).sum(),
            worked: stretches.iter().map(|load| load.worked).sum(),
        }
    }
}

/// Returns how a contestant stands to the floor: the median of each round's own ratio.
pub fn of_floor(loads: &[Load], floor: &[Load], of: fn(&Load) -> f64) -> Cell {
    let ratios: Vec<f64> = loads.iter().zip(floor).map(|(load, floor)| of(load) / of(floor)).collect();
    Cell::Ratio(median(&ratios))
}

/// Returns what every table says of a contestant: requests a second, of the floor, and two latencies.
pub fn cells(loads: &[Load], floor: &[Load]) -> [Cell; 4] {
    let rates: Vec<f64> = loads.iter().map(Load::rate).collect();
    let all = Load::together(loads);
    let [p50, p99] = [0.5, 0.99].map(|share| Cell::Nanos(all.latency(share)));
    [Cell::Count(median(&rates)), of_floor(loads, floor, Load::rate), p50, p99]
}

/// What clients ask for. A closure that makes the next request is one.
pub trait Asking: Send + Sync + 'static {
    /// What is kept of a request until its answer is there.
    type Asked: Send;

    /// Makes the next request of a client.
    fn next(&self) -> (Vec<u8>, Self::Asked);

    /// Takes the answer, whose status was `200 OK`.
    fn answered(&self, asked: Self::Asked, answer: &[u8]) -> Outcome;
}

/// Makes the next request of a client. What the answer says is nobody's business.
pub type NextRequest = dyn Fn() -> Vec<u8> + Send + Sync;

impl<F: Fn() -> Vec<u8> + Send + Sync + ?Sized + 'static> Asking for F {
    type Asked = ();

    fn next(&self) -> (Vec<u8>, ()) {
        (self(), ())
    }

    fn answered(&self, (): (), _: &[u8]) -> Outcome {
        Ok(())
    }
}

/// Refuses an answer that hands out no refresh token: whoever comes too soon is answered without a rotation.
pub fn expect_rotation(answer: &[u8]) -> Outcome {
    const REFRESH_TOKEN: &[u8] = b"\"refresh_token\":\"";
    if answer.windows(REFRESH_TOKEN.len()).any(|text| text == REFRESH_TOKEN) {
        return Ok(());
    }
    Err(format!("a rotation was expected: {}", String::from_utf8_lossy(answer)))
}

/// Sends requests over so many connections for so long. Every answer must have the status `200 OK`.
///
/// It runs on the calling thread alone.
pub fn run<A: Asking + ?Sized>(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    asking: &Arc<A>,
) -> Outcome<Load> {
    run_in_turn(&[address], connections, time, asking)
}

/// The same to several servers: each client goes to another with each request, as through a proxy that sends them round.
pub fn run_in_turn<A: Asking + ?Sized>(
    addresses: &[SocketAddr],
    clients: usize,
    time: Duration,
    asking: &Arc<A>,
) -> Outcome<Load> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(failed("starting a runtime"))?;
    runtime.block_on(async {
        let mut all = Vec::new();
        for _ in 0..clients {
            let mut connections = Vec::new();
            for address in addresses {
                connections.push(Connection::open(*address).await?);
            }
            all.push(connections);
        }
        let start = Instant::now();
        let tasks: Vec<_> = all
            .into_iter()
            .map(|connections| tokio::spawn(one_client(connections, start + time, Arc::clone(asking))))
            .collect();
        let mut latencies = Vec::new();
        for task in tasks {
            latencies.extend(task.await.map_err(failed("a connection"))??);
        }
        Ok(Load::new(latencies, start.elapsed()))
    })
}

/// Lets so many clients work on a runtime for so long, without HTTP: each is told when to end, and returns its latencies.
pub fn by_clients<F>(
    runtime: &Runtime,
    clients: usize,
    time: Duration,
    client: impl Fn(Instant) -> F,
) -> Outcome<Load>
where
    F: Future<Output = Outcome<Vec<f64>>> + Send + 'static,
{
    let start = Instant::now();
    let tasks: Vec<_> = (0..clients).map(|_| runtime.spawn(client(start + time))).collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(runtime.block_on(task).map_err(failed("a client"))??);
    }
    Ok(Load::new(latencies, start.elapsed()))
}

/// Returns one whole response, for a look at it.
pub fn once(address: SocketAddr, request: &[u8]) -> Outcome<Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(failed("starting a runtime"))?.block_on(async {
        let mut connection = Connection::open(address).await?;
        connection.ask(request).await?;
        Ok(connection.buffer)
    })
}

async fn one_client<A: Asking + ?Sized>(
    mut connections: Vec<Connection>,
    end: Instant,
    asking: Arc<A>,
) -> Outcome<Vec<f64>> {
    let mut latencies = Vec::new();
    let mut start = Instant::now();
    while start < end {
        for connection in &mut connections {
            let (request, asked) = asking.next();
            start = Instant::now();
            let answer = connection.ask(&request).await?;
            if !answer.starts_with(b"HTTP/1.1 200 ") {
                return Err(format!("the server refused: {}", String::from_utf8_lossy(answer)));
            }
            let now = Instant::now();
            #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one request")]
            latencies.push((now - start).as_nanos() as f64);
            start = now;
            asking.answered(asked, answer)?;
        }
    }
    Ok(latencies)
}

/// A kept connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await.map_err(failed("connecting"))?;
        stream.set_nodelay(true).map_err(failed("connecting"))?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request and returns the response to it, which has a `content-length`.
    pub async fn ask(&mut self, request: &[u8]) -> Outcome<&[u8]> {
        self.stream.write_all(request).await.map_err(failed("sending"))?;
        self.buffer.clear();
        let mut whole = None;
        while whole.is_none_or(|whole| self.buffer.len() < whole) {
            let read = self.stream.read_buf(&mut self.buffer).await.map_err(failed("reading"))?;
            if read == 0 {
                return Err("the server closed a connection".to_owned());
            }
            whole = whole.or_else(|| response_len(&self.buffer));
        }
        Ok(&self.buffer)
    }
}

fn response_len(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&buffer[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some(head + length.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_to_whoever_came_too_soon_is_no_rotation() {
        assert!(expect_rotation(b"HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"a\"}").is_err());
        assert!(expect_rotation(b"HTTP/1.1 200 OK\r\n\r\n{\"refresh_token\":\"r\"}").is_ok());
    }

    #[test]
    fn a_response_ends_where_its_length_says() {
        assert_eq!(response_len(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"), None);
        assert_eq!(response_len(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"), Some(43));
        assert_eq!(response_len(b"HTTP/1.1 204 No Content\r\n\r\n"), Some(27));
    }
}
