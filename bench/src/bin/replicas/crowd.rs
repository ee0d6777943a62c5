//! People with a session each, who come back after an hour.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use handstamp_bench::load::Connection;
use handstamp_bench::service::{House, Sessions};
use handstamp_bench::{Outcome, failed};
use handstamp_server::Clock as _;

/// At the same time.
const VISITORS: usize = 32;
const AWAY: Duration = Duration::from_hours(1);

/// Refresh requests that nobody has sent yet.
pub(crate) struct Crowd {
    refreshes: Vec<Vec<u8>>,
}

impl Crowd {
    /// Starts so many sessions an hour ago, by ten for each person.
    pub(crate) async fn gather(house: &House, count: usize) -> Outcome<Self> {
        let start = house.clock.now().checked_sub(AWAY).map_err(failed("an hour ago"))?;
        let sessions = Sessions::add(&house.context, count, start).await?;
        let mint = || {
            let draw = sessions.draw();
            refresh(house.context.keyring.refresh_keys().mint(draw.id, draw.step).reveal())
        };
        Ok(Self { refreshes: std::iter::repeat_with(mint).take(count).collect() })
    }

    /// Lets so many of them refresh and ask who they are. Returns their access tokens.
    pub(crate) async fn visit(&mut self, address: SocketAddr, count: usize) -> Outcome<Vec<String>> {
        let rest = self.refreshes.split_off(count.min(self.refreshes.len()));
        let waiting = Arc::new(Mutex::new(std::mem::replace(&mut self.refreshes, rest)));
        let visitors: Vec<_> =
            (0..VISITORS).map(|_| tokio::spawn(visits(address, Arc::clone(&waiting)))).collect();
        let mut tokens = Vec::new();
        for visitor in visitors {
            tokens.extend(visitor.await.map_err(failed("a visitor"))??);
        }
        Ok(tokens)
    }

    /// Returns the requests of those who have not come yet.
    pub(crate) fn take_refreshes(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.refreshes)
    }
}

async fn visits(address: SocketAddr, waiting: Arc<Mutex<Vec<Vec<u8>>>>) -> Outcome<Vec<String>> {
    let mut connection = Connection::open(address).await?;
    let mut tokens = Vec::new();
    while let Some(request) = next(&waiting) {
        let token = access_token(connection.ask(&request).await?)?;
        let whoami = connection.ask(&get("/auth/whoami", &token)).await?;
        if !whoami.starts_with(b"HTTP/1.1 200 ") {
            return Err(format!("whoami: {}", String::from_utf8_lossy(whoami)));
        }
        tokens.push(token);
    }
    Ok(tokens)
}

fn next(waiting: &Mutex<Vec<Vec<u8>>>) -> Option<Vec<u8>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

fn access_token(answer: &[u8]) -> Outcome<String> {
    let text = String::from_utf8_lossy(answer);
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let reply: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let token = reply["access_token"].as_str().map(str::to_owned);
    token.ok_or_else(|| format!("no access token: {text}"))
}

/// Asks for something as whoever the token belongs to.
pub(crate) fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost:8600\r\nauthorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}

fn refresh(token: &str) -> Vec<u8> {
    let body = format!(r#"{{"refresh_token":"{token}"}}"#);
    let head = "POST /auth/refresh HTTP/1.1\r\nhost: localhost:8600\r\ncontent-type: application/json\r\ncontent-length:";
    format!("{head} {}\r\n\r\n{body}", body.len()).into_bytes()
}
