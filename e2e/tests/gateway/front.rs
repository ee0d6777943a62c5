//! An auth service, a gateway in front of a service, and somebody who has signed in through it.

use std::fs;
use std::net::SocketAddr;

use handstamp_e2e::program::Running;
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::service;
use crate::revocation::proxy::Proxy;
use crate::support::{PASSWORD, PATIENCE, Served, add_user, beside, free_port};

/// What a test wants to be different.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    /// Settings of the auth service.
    pub(crate) auth: &'static str,
    /// Settings of `[gateway]`.
    pub(crate) gateway: &'static str,
    /// How the gateway shows the auth service who it is.
    pub(crate) proof: Proof,
    /// Whether there is no route that is open to everybody.
    pub(crate) nothing_public: bool,
}

/// How the gateway shows the auth service who it is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// It need not: the feed is open to the network.
    #[default]
    None,
    /// By the secret of its client.
    Secret,
    /// By something else.
    WrongSecret,
}

/// Everything that runs. It ends with the test.
pub(crate) struct Front {
    pub(crate) folder: TempDir,
    pub(crate) served: Served,
    pub(crate) gateway: Running,
    /// Between the gateway and the auth service.
    pub(crate) network: Proxy,
    pub(crate) base: String,
    admin: String,
    http: reqwest::Client,
}

/// A browser's cookies, as its requests bring them.
#[derive(Debug, Clone)]
pub(crate) struct Session(pub(crate) Vec<(String, String)>);

/// A reply, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Front {
    pub(crate) async fn start(wishes: Wishes) -> Self {
        let folder = TempDir::new().expect("a folder");
        let subscribers = if wishes.proof == Proof::None { "open" } else { "clients" };
        let auth = format!("[revocation]\nsubscribers = \"{subscribers}\"\n{}", wishes.auth);
        fs::write(folder.path().join("handstamp.toml"), auth).expect("a file");
        add_user(folder.path(), "ann").ok();
        let added = beside(folder.path(), &["client", "add", "front", "--scope", "revocations", "--json"])
            .ok()
            .json();
        let secret = match wishes.proof {
            Proof::None => "",
            Proof::Secret => added["client_secret"].as_str().expect("a secret"),
            Proof::WrongSecret => "nobody-ever-said-so",
        };
        let client = if wishes.proof == Proof::None { "" } else { "client_id = \"front\"" };
        let served = Served::start(folder.path());
        let auth_address: SocketAddr =
            served.base.strip_prefix("http://").and_then(|address| address.parse().ok()).expect("an address");
        let network = Proxy::before(auth_address).await;
        let service = service::start().await;
        let (there, issuer, own) = (network.address, &served.base, wishes.gateway);
        let rest = if wishes.nothing_public { "signed_in" } else { "public" };
        let config = format!(
            "[gateway]\nauth = \"http://{there}\"\nissuer = \"{issuer}\"\n{client}\n{own}\n\
             [[gateway.routes]]\npath = \"/api/*\"\nto = [\"http://{service}\"]\naccess = \"signed_in\"\n\
             [[gateway.routes]]\npath = \"/api/admin/*\"\nto = [\"http://{service}\"]\naccess = \"signed_in\"\nroles = [\"admin\"]\n\
             [[gateway.routes]]\npath = \"/*\"\nto = [\"http://{service}\"]\naccess = \"{rest}\"\n"
        );
        fs::write(folder.path().join("gateway.toml"), config).expect("a file");
        let listen = format!("127.0.0.1:{}", free_port());
        let arguments =
            ["gateway", "--config", "gateway.toml", "--listen", &listen, "--admin-listen", "127.0.0.1:0"];
        let variables = [("HANDSTAMP_GATEWAY_CLIENT_SECRET", secret)];
        let mut gateway = Running::start_with(folder.path(), arguments, &variables);
        let base = gateway.address();
        let admin = gateway.line();
        let admin = admin.strip_prefix("health and figures on ").expect("an address").to_owned();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { folder, served, gateway, network, base, admin, http: http.build().expect("a client") }
    }

    /// The same, once the gateway knows keys and revocations.
    pub(crate) async fn ready(wishes: Wishes) -> Self {
        let front = Self::start(wishes).await;
        front.eventually("the gateway is ready", async || front.health().await == 200).await;
        front
    }

    pub(crate) async fn health(&self) -> u16 {
        let reply = self.http.get(format!("{}/health/ready", self.admin)).send().await.expect("a reply");
        reply.status().as_u16()
    }

    /// Signs ann in, as a page of the app does.
    pub(crate) async fn signed_in(&self) -> Session {
        let credentials = json!({ "login": "ann", "password": PASSWORD });
        let mut session = Session(Vec::new());
        let reply = self.send(&mut session, "POST", "/auth/sign-in", Some(&credentials)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        session
    }

    /// Sends a request of a page of the app, and keeps the cookies that come back.
    pub(crate) async fn send(
        &self,
        session: &mut Session,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Reply {
        let reply = self.request(session, method, path, body).await;
        session.keep(&reply);
        reply
    }

    /// Sends a request, and leaves the cookies as they are.
    pub(crate) async fn request(
        &self,
        session: &Session,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Reply {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.header("sec-fetch-site", "same-origin").header(COOKIE, session.line());
        if let Some(body) = body {
            request = request.json(body);
        }
        let reply = request.send().await.expect("a reply");
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        Reply { status, headers, body: reply.json().await.unwrap_or(Value::Null) }
    }

    /// Opens a connection with a request on it, with these further lines.
    pub(crate) async fn open(&self, session: &Session, path: &str, lines: &str) -> TcpStream {
        let host = self.base.strip_prefix("http://").expect("an address");
        let mut stream = TcpStream::connect(host).await.expect("a connection");
        let cookies = session.line();
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nsec-fetch-site: same-origin\r\ncookie: {cookies}\r\n{lines}\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("a request");
        stream
    }

    /// How often anybody has refreshed, by the auth service's own count.
    pub(crate) async fn refreshes(&self) -> u64 {
        let text = self.http.get(format!("{}/metrics", self.served.base)).send().await.expect("a reply");
        let text = text.text().await.expect("figures");
        let counts = text.lines().filter(|line| line.starts_with("handstamp_refreshes_total"));
        counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// Runs a command on the auth service's data.
    pub(crate) fn beside(&self, arguments: &[&str]) {
        beside(self.folder.path(), arguments).ok();
    }

    /// Waits until it is so.
    pub(crate) async fn eventually(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so().await {
            let told = self.gateway.stderr();
            assert!(Instant::now() < deadline, "in all the time it never was so that {what}: {told}");
            sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

impl Session {
    fn line(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, reply: &Reply) {
        for line in reply.headers.get_all(SET_COOKIE) {
            let line = line.to_str().expect("a cookie");
            let (name, value) = line.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            self.0.retain(|(other, _)| other != name);
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }
}

impl Reply {
    pub(crate) fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}
