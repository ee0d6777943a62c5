use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A visitor that says nothing is not waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Listens where addresses in forged tokens lead. Nobody has a reason to come: whoever does believed a token it had not verified.
///
/// It answers with the forger's keys, so that a service which believes what it fetched shows that too.
pub(crate) struct Canary {
    base: String,
    visits: Arc<AtomicU64>,
    keys: Arc<RwLock<String>>,
    task: JoinHandle<()>,
}

impl Canary {
    /// Listens on a free port of this machine.
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let visits = Arc::new(AtomicU64::new(0));
        let keys = Arc::new(RwLock::new(r#"{"keys":[]}"#.to_owned()));
        let task = tokio::spawn(listen(listener, Arc::clone(&visits), Arc::clone(&keys)));
        Ok(Self { base, visits, keys, task })
    }

    /// Returns where it listens, without a slash at the end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Sets the document that visitors are given.
    pub(crate) fn serve(&self, jwks: String) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = jwks;
    }

    /// Returns how many came.
    pub(crate) fn visits(&self) -> u64 {
        self.visits.load(Ordering::SeqCst)
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: TcpListener, visits: Arc<AtomicU64>, keys: Arc<RwLock<String>>) {
    loop {
        let Ok((visitor, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Coming at all is enough: a visitor that speaks TLS is one too.
        visits.fetch_add(1, Ordering::SeqCst);
        let keys = keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        tokio::spawn(async move {
            let _ = tokio::time::timeout(PATIENCE, answer(visitor, keys)).await;
        });
    }
}

async fn answer(mut visitor: TcpStream, keys: String) -> io::Result<()> {
    let mut request = [0; 2048];
    let _ = visitor.read(&mut request).await?;
    let reply = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{keys}",
        keys.len()
    );
    visitor.write_all(reply.as_bytes()).await?;
    visitor.shutdown().await
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::Canary;

    #[tokio::test]
    async fn a_visit_is_counted_and_given_the_keys() {
        let canary = Canary::start().await.unwrap();
        canary.serve(r#"{"keys":[1]}"#.to_owned());
        assert_eq!(canary.visits(), 0);

        let mut visitor = TcpStream::connect(canary.base().trim_start_matches("http://")).await.unwrap();
        visitor.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let mut reply = String::new();
        visitor.read_to_string(&mut reply).await.unwrap();

        assert!(reply.ends_with(r#"{"keys":[1]}"#), "{reply}");
        assert_eq!(canary.visits(), 1);
    }
}
