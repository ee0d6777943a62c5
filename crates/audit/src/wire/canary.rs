use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// A visitor that says nothing for so long is one all the same.
const FIRST_WORDS: Duration = Duration::from_millis(300);

/// A visitor that does not take what it came for is not waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// More visits tell nothing new.
const MAX_VISITS: usize = 10_000;

/// Listens where addresses in forged tokens lead. Nobody has a reason to come: whoever does believed a token it had not verified.
///
/// It answers with the forger's keys, so that a service which believes what it fetched shows that too.
pub(crate) struct Canary {
    base: String,
    addresses: AtomicU64,
    visits: Arc<Mutex<Vec<Visit>>>,
    keys: Arc<RwLock<String>>,
    task: JoinHandle<()>,
}

/// Somebody who came.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) at: Instant,
    /// What it asked for; none where it did not say, or said it in TLS.
    pub(crate) asked: Option<String>,
}

impl Canary {
    /// Listens on a free port of this machine. `name` is a part of every address that leads here, which nobody can guess.
    pub(crate) async fn start(name: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base = format!("http://{}/{name}", listener.local_addr()?);
        let visits = Arc::default();
        let keys = Arc::new(RwLock::new(r#"{"keys":[]}"#.to_owned()));
        let task = tokio::spawn(listen(listener, Arc::clone(&visits), Arc::clone(&keys)));
        Ok(Self { base, addresses: AtomicU64::new(0), visits, keys, task })
    }

    /// Returns an address that leads here and that no token has named yet, without a slash at the end.
    pub(crate) fn address(&self) -> String {
        // Closed at its end, so that no address is the beginning of another.
        format!("{}-{}-", self.base, self.addresses.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns such an address for those who go to secure ones alone. They are noted when they come, and get no further: there is no
    /// certificate here.
    pub(crate) fn secure_address(&self) -> String {
        self.address().replacen("http", "https", 1)
    }

    /// Sets the document that visitors are given.
    pub(crate) fn serve(&self, jwks: String) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = jwks;
    }

    /// Returns who came.
    pub(crate) fn visits(&self) -> Vec<Visit> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: TcpListener, visits: Arc<Mutex<Vec<Visit>>>, keys: Arc<RwLock<String>>) {
    loop {
        let Ok((visitor, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let at = Instant::now();
        let visits = Arc::clone(&visits);
        let keys = keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        tokio::spawn(async move {
            let _ = timeout(PATIENCE, receive(visitor, at, &visits, &keys)).await;
        });
    }
}

async fn receive(
    mut visitor: TcpStream,
    at: Instant,
    visits: &Mutex<Vec<Visit>>,
    keys: &str,
) -> io::Result<()> {
    let mut request = [0; 2048];
    let length =
        timeout(FIRST_WORDS, visitor.read(&mut request)).await.ok().and_then(Result::ok).unwrap_or(0);
    let asked = request.get(..length).and_then(asked_for);
    {
        let mut visits = visits.lock().unwrap_or_else(PoisonError::into_inner);
        if visits.len() < MAX_VISITS {
            visits.push(Visit { at, asked });
        }
    }
    let reply = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{keys}",
        keys.len()
    );
    visitor.write_all(reply.as_bytes()).await?;
    visitor.shutdown().await
}

/// Returns the target in the first line of a request.
fn asked_for(request: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(request.split(|byte| *byte == b'\r').next()?).ok()?;
    let mut words = line.split(' ');
    let (_, target, version) = (words.next()?, words.next()?, words.next()?);
    version.starts_with("HTTP/").then(|| target.to_owned())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::Canary;

    async fn visited(canary: &Canary, says: &str) -> String {
        let (host, _) = canary.base.trim_start_matches("http://").split_once('/').unwrap();
        let mut visitor = TcpStream::connect(host).await.unwrap();
        visitor.write_all(says.as_bytes()).await.unwrap();
        let mut reply = String::new();
        visitor.read_to_string(&mut reply).await.unwrap();
        reply
    }

    #[tokio::test]
    async fn a_visit_is_noted_and_given_the_keys() {
        let canary = Canary::start("run").await.unwrap();
        canary.serve(r#"{"keys":[1]}"#.to_owned());
        assert!(canary.visits().is_empty());

        let reply = visited(&canary, "GET /run-7-/jwks.json HTTP/1.1\r\n\r\n").await;

        assert!(reply.ends_with(r#"{"keys":[1]}"#), "{reply}");
        let asked: Vec<_> = canary.visits().into_iter().map(|visit| visit.asked).collect();
        assert_eq!(asked, [Some("/run-7-/jwks.json".to_owned())]);
    }

    #[tokio::test]
    async fn who_comes_and_speaks_no_http_came_too() {
        let canary = Canary::start("run").await.unwrap();

        visited(&canary, "\u{16}\u{3}\u{1}").await;

        assert!(matches!(&canary.visits()[..], [visit] if visit.asked.is_none()));
    }

    #[tokio::test]
    async fn no_two_tokens_name_one_address() {
        let canary = Canary::start("run").await.unwrap();

        let (one, other) = (canary.address(), canary.address());

        assert_ne!(one, other);
        assert!(one.ends_with("/run-0-"), "{one}");
        let secure = canary.secure_address();
        assert!(secure.starts_with("https://127.0.0.1:") && secure.ends_with("/run-2-"), "{secure}");
    }
}
