//! A gateway on this machine, an auth service that does as it is told, services that answer, and a client that sends what it likes.

mod auth;
mod client;
mod service;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use handstamp_gateway::config::Config;
use handstamp_gateway::{Gateway, Parts};
use handstamp_listen::Listener;
use handstamp_settings::Source;
use handstamp_token::{SystemEntropy, TokenBuilder, UnixTime};
use handstamp_verify::Clock;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

pub(crate) use auth::{Auth, Refreshing};
pub(crate) use client::Client;
pub(crate) use service::{broken, echo, serve};

/// The time at which every test begins.
pub(crate) const NOW: i64 = 1_800_000_000;

/// Far more than anything takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A clock that stands still until told to move.
#[derive(Debug)]
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// A running gateway.
pub(crate) struct House {
    pub(crate) auth: Auth,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    host: String,
    stop: Option<oneshot::Sender<()>>,
}

impl House {
    /// Starts a gateway with these routes, and further settings of `[gateway]`.
    pub(crate) async fn start(settings: &str, routes: &str) -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(NOW)));
        let auth = Auth::start(Arc::clone(&clock)).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let admin_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, admin) = (listener.local_addr().unwrap(), admin_listener.local_addr().unwrap());
        // There is no feed, which most tests do not care about.
        let silence = if settings.contains("when_silent") { "" } else { "when_silent = \"serve_stale\"\n" };
        let text = format!("[gateway]\nauth = \"{}\"\n{silence}{settings}\n{routes}", auth.url);
        let config = Config::load(&Source { file: Some(("handstamp.toml", &text)), ..Source::default() });
        let config = config.unwrap_or_else(|error| panic!("{error}"));
        let (public_url, limits) = (config.gateway.public_url(address).unwrap(), config.gateway.limits());
        let host = public_url.as_str().split("://").nth(1).unwrap_or_default().to_owned();
        let gateway = Gateway::new(Parts {
            config,
            public_url,
            client_secret: None,
            decryption_keys: Vec::new(),
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(SystemEntropy),
        })
        .unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let listeners = vec![Listener::plain_with_http2(listener)];
        tokio::spawn(handstamp_gateway::serve(listeners, admin_listener, limits, gateway, async {
            let _ = stopped.await;
        }));
        let house = Self { auth, clock, address, admin, host, stop: Some(stop) };
        house.has_keys().await;
        house
    }

    /// Starts a gateway whose only route leads everybody who is signed in to this service.
    pub(crate) async fn before(service: SocketAddr) -> Self {
        Self::start("", &route("/*", service, "signed_in")).await
    }

    /// Asks the gateway to stop.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub(crate) fn client(&self) -> Client {
        Client::of(self.address).host(&self.host)
    }

    /// A request with the session's cookies.
    pub(crate) fn signed_in(&self, method: &str, path: &str) -> Client {
        let cookies = self.cookies(&self.token(self.ada()));
        self.client().request(method, path).header("cookie", &cookies).header("sec-fetch-site", "same-origin")
    }

    /// The cookies of a browser that holds this access token.
    pub(crate) fn cookies(&self, token: &str) -> String {
        let port = self.address.port();
        format!(
            "__Host-Http-at-{port}={token}; theme=dark; __Host-Http-rt-{port}=hsr_1; auth_hint-{port}=1.7.x.in"
        )
    }

    /// A token of ten minutes for ada, buyer of the organisation acme. Its audience is the auth service itself, as that of everybody
    /// who signed in.
    pub(crate) fn ada(&self) -> TokenBuilder {
        self.somebody("ada", "web")
            .claim("sid", "s1")
            .claim("org_id", "acme")
            .claim("roles", ["buyer"])
            .claim("preferred_username", "Ada")
    }

    /// The same for somebody in no organisation and without a role.
    pub(crate) fn somebody(&self, sub: &str, client: &str) -> TokenBuilder {
        TokenBuilder::access_token(&self.auth.url, self.auth.url.as_str())
            .subject(sub)
            .client_id(client)
            .lifetime(Duration::from_mins(10))
            .claim("rev", "1.0")
    }

    pub(crate) fn token(&self, token: TokenBuilder) -> String {
        self.auth.signed(token)
    }

    /// Returns the figure of this name and labels.
    pub(crate) async fn figure(&self, name: &str) -> u64 {
        let text = Client::of(self.admin).get("/metrics").send().await.text();
        let line = text.lines().find(|line| line.starts_with(name) && line[name.len()..].starts_with(' '));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
    }

    async fn has_keys(&self) {
        eventually("the gateway has keys", async || {
            // A token that nobody signed is refused, rather than put off, once there are keys.
            let token = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IngifQ.e30.AAAA";
            let asked = self.client().get("/auth/check").header("authorization", &format!("Bearer {token}"));
            asked.send().await.status == 401
        })
        .await;
    }
}

/// Waits until it is so.
pub(crate) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "in all the time it never was so that {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// A route as it stands in a file.
pub(crate) fn route(path: &str, service: SocketAddr, access: &str) -> String {
    format!("[[gateway.routes]]\npath = {path:?}\nto = [\"http://{service}\"]\naccess = {access:?}\n")
}
