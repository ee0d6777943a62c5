use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use handstamp_e2e::program::Running;
use handstamp_verify::revocation::{Feed, FeedAccess, SilencePolicy};
use handstamp_verify::{AuthError, Clock, SystemClock, UnixTime, Verifier};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use super::proxy::Proxy;
use crate::support::{PASSWORD, add_user, free_port};

/// An auth service, Ann who can sign in, and whoever asks on her behalf.
pub(crate) struct House {
    pub(crate) folder: TempDir,
    pub(crate) running: Running,
    pub(crate) address: SocketAddr,
    port: u16,
    http: Client,
}

/// How a service is built.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service {
    pub(crate) policy: SilencePolicy,
    /// How far its clock is off, in seconds.
    pub(crate) skew: i64,
}

/// What a service says about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted,
    Revoked,
    Stale,
    Unavailable,
}

/// What the auth service hands out at a sign-in.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

struct Skewed(i64);

impl Clock for Skewed {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(SystemClock.now().as_secs() + self.0)
    }
}

impl House {
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        add_user(folder.path(), "ann").ok();
        Self::start_in(folder, free_port())
    }

    fn start_in(folder: TempDir, port: u16) -> Self {
        let (running, address) = serve(folder.path(), port, port);
        let http = Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().expect("a client");
        Self { folder, running, address, port, http }
    }

    /// Stops the auth service, does something to its folder, and starts it again where it was.
    pub(crate) fn restarted(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self { folder, running, port, .. } = self;
        running.stop();
        meanwhile(folder.path());
        Self::start_in(folder, port)
    }

    /// Starts another process on the same folder.
    pub(crate) fn replica(&self) -> (Running, SocketAddr) {
        serve(self.folder.path(), self.port, free_port())
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    pub(crate) async fn sign_in(&self) -> Tokens {
        let body = json!({ "login": "ann", "password": PASSWORD, "delivery": "body" });
        let reply = self.post(self.address, "/auth/sign-in", None, &body).await;
        let text = |name: &str| reply[name].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned();
        Tokens { access: text("access_token"), refresh: text("refresh_token") }
    }

    pub(crate) async fn refresh(&self, token: &str) -> String {
        let reply = self.post(self.address, "/auth/refresh", None, &json!({ "refresh_token": token })).await;
        reply["access_token"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
    }

    pub(crate) async fn sign_out(&self, access: &str, scope: &str) {
        self.sign_out_at(self.address, access, scope).await;
    }

    pub(crate) async fn sign_out_at(&self, replica: SocketAddr, access: &str, scope: &str) {
        self.post(replica, "/auth/sign-out", Some(access), &json!({ "scope": scope })).await;
    }

    async fn post(&self, replica: SocketAddr, path: &str, bearer: Option<&str>, body: &Value) -> Value {
        let mut request = self.http.post(format!("http://{replica}{path}")).header("x-handstamp", "1");
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        let reply = request.json(body).send().await.expect("a reply");
        assert!(reply.status().is_success(), "{path}: {} {:?}", reply.status(), reply.text().await);
        reply.json().await.unwrap_or(Value::Null)
    }

    /// Starts a service that follows the feed at these addresses, and waits for nothing.
    pub(crate) fn service(&self, kind: Service, feeds: &[SocketAddr]) -> Verifier {
        service(&self.issuer(), kind, feeds)
    }

    /// Starts a service behind a network of its own that accepts a token.
    pub(crate) async fn behind_proxy(&self, kind: Service, token: &str) -> (Proxy, Verifier) {
        let proxy = Proxy::before(self.address).await;
        let verifier = self.service(kind, &[proxy.address]);
        until_answer(&verifier, token, Answer::Accepted).await;
        until("its stream is open", || verifier.revocations().status(SystemClock.now()).connected).await;
        (proxy, verifier)
    }
}

/// Starts a service that trusts an issuer and follows its feed at these addresses, and waits for nothing.
pub(crate) fn service(issuer: &str, kind: Service, feeds: &[SocketAddr]) -> Verifier {
    // Less patience than in production, so that tests need not wait. Heartbeats come every two seconds.
    let feed = Feed::builder(issuer, FeedAccess::Open)
        .heartbeat_timeout(Duration::from_millis(2_500))
        .longest_wait(Duration::from_millis(300))
        .poll_interval(Duration::from_millis(400));
    let feed = feeds.iter().fold(feed, |feed, address| {
        feed.url(format!("http://{address}/revocations").parse().expect("an address"))
    });
    Verifier::builder(issuer)
        .audience(issuer)
        .algorithms(&["ES256".parse().expect("an algorithm")])
        .leeway(Duration::from_mins(1))
        .clock(Arc::new(Skewed(kind.skew)))
        .follow_revocations(feed, kind.policy)
        .build_remote()
        .expect("a verifier")
}

fn serve(folder: &Path, public: u16, port: u16) -> (Running, SocketAddr) {
    let url = format!("http://localhost:{public}");
    let variables = [
        ("HANDSTAMP_SERVER_PUBLIC_URL", url.as_str()),
        ("HANDSTAMP_STORAGE_SHARE", "true"),
        ("HANDSTAMP_REVOCATION_SUBSCRIBERS", "open"),
    ];
    let listen = format!("127.0.0.1:{port}");
    let arguments = ["serve", "--data", "data", "--listen", &listen];
    let mut running = Running::start_with(folder, arguments, &variables);
    running.address();
    (running, listen.parse().expect("an address"))
}

/// Asks a service about a token.
pub(crate) fn ask(service: &Verifier, token: &str) -> Answer {
    match service.try_verify(token) {
        Ok(_) => Answer::Accepted,
        Err(AuthError::Revoked) => Answer::Revoked,
        Err(AuthError::Stale { .. }) => Answer::Stale,
        Err(AuthError::RevocationsUnavailable { .. } | AuthError::KeysUnavailable { .. }) => {
            Answer::Unavailable
        }
        Err(other) => panic!("refused for another reason: {other:?}"),
    }
}

/// Waits until a service says this about a token, and returns how long it took.
pub(crate) async fn until_answer(service: &Verifier, token: &str, answer: Answer) -> Duration {
    // Fetches the issuer's keys where they are missing.
    let _ = service.verify(token).await;
    until(&format!("the answer is {answer:?}"), || ask(service, token) == answer).await
}

/// Waits for something that has to happen, and returns how long it took.
pub(crate) async fn until(what: &str, mut happened: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < Duration::from_secs(30), "in vain it was waited until {what}");
        sleep(Duration::from_millis(1)).await;
    }
    began.elapsed()
}
