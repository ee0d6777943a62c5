//! A running demo and a running service, and short words for what tests say to them.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use handstamp_e2e::browser::{Browser, Fetch};
use handstamp_e2e::program::{Finished, Running, run, run_with_stdin};
use handstamp_e2e::socket::Socket;
use http::{Method, Response};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Far more than anything takes; a loaded machine is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A password that the rules take.
pub(crate) const PASSWORD: &str = "a window full of plants";

/// Seconds since 1970, for the browser's cookies.
#[expect(
    clippy::disallowed_methods,
    reason = "the real binary goes by the real clock, so its browser has to"
)]
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is past 1970");
    i64::try_from(now.as_secs()).expect("it is not that late")
}

/// Returns a port that is free just now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// A reply as tests look at it.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn of(reply: &Response<Bytes>) -> Self {
        let body = serde_json::from_slice(reply.body()).unwrap_or(Value::Null);
        Self { status: reply.status().as_u16(), body }
    }

    /// Sends a request. There is no reply where nobody is there, or where it breaks off in the middle.
    pub(crate) async fn to(request: RequestBuilder) -> Option<Self> {
        Self::read(request.send().await.ok()?).await
    }

    /// Reads a reply to its end. There is none where it breaks off before.
    pub(crate) async fn read(reply: reqwest::Response) -> Option<Self> {
        let status = reply.status().as_u16();
        let text = reply.text().await.ok()?;
        Some(Self { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
    }

    pub(crate) fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

/// `handstamp demo --json`, in a folder of its own.
pub(crate) struct Demo {
    pub(crate) running: Running,
    pub(crate) told: Value,
    pub(crate) folder: TempDir,
}

impl Demo {
    pub(crate) fn start() -> Self {
        Self::start_with(&["--port-base", "0"], &[])
    }

    pub(crate) fn start_with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self::start_in(folder, arguments, variables)
    }

    pub(crate) fn start_in(folder: TempDir, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let tmp = folder.path().to_string_lossy().into_owned();
        let variables: Vec<_> = variables.iter().copied().chain([("TMPDIR", tmp.as_str())]).collect();
        let mut running =
            Running::start_with(folder.path(), ["demo", "--json"].iter().chain(arguments), &variables);
        let told = serde_json::from_str(&running.line()).expect("one line of JSON");
        Self { running, told, folder }
    }

    pub(crate) fn auth(&self, path: &str) -> String {
        format!("{}{path}", self.told["auth"].as_str().expect("a URL"))
    }

    pub(crate) fn orders(&self, path: &str) -> String {
        format!("{}{path}", self.told["services"]["orders"].as_str().expect("a URL"))
    }

    pub(crate) fn app(&self) -> String {
        format!("{}/", self.told["app"].as_str().expect("a URL"))
    }

    pub(crate) fn person(&self, username: &str) -> &Value {
        let people = self.told["people"].as_array().expect("people");
        people.iter().find(|person| person["username"] == username).expect("somebody of that name")
    }

    /// Runs a command on the auth service's data, which the demo was told to keep in `kept`.
    pub(crate) fn beside(&self, arguments: &[&str]) -> Finished {
        run(self.folder.path(), arguments.iter().chain(&["--data", "kept/auth"]))
    }

    /// Opens a browser at the page, signed in as somebody.
    pub(crate) async fn tab_of(&self, username: &str) -> Tab<'_> {
        let mut tab = self.tab();
        let person = self.person(username);
        let sign_in = json!({ "login": username, "password": person["password"] });
        let reply = tab.send(Method::POST, &self.auth("/auth/sign-in"), Some(&sign_in)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        tab
    }

    /// Opens a browser at the page.
    pub(crate) fn tab(&self) -> Tab<'_> {
        Tab { demo: self, page: self.app(), browser: Browser::new(Socket::new(), now()) }
    }
}

/// A page in a browser, and its scripts.
pub(crate) struct Tab<'a> {
    pub(crate) demo: &'a Demo,
    pub(crate) page: String,
    pub(crate) browser: Browser<Socket>,
}

impl Tab<'_> {
    /// Does what `fetch(url, { method, body, credentials: 'include' })` does in this page.
    pub(crate) async fn send(&mut self, method: Method, url: &str, body: Option<&Value>) -> Reply {
        let mut fetch = Fetch::script(&self.page, method, url).with_credentials();
        if let Some(body) = body {
            fetch = fetch.json(body.to_string());
        }
        let reply = self.browser.fetch(fetch).await.expect("the page may read the reply");
        Reply::of(&reply)
    }

    pub(crate) async fn orders(&mut self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let url = self.demo.orders(path);
        self.send(method, &url, body).await
    }

    pub(crate) async fn auth(&mut self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let url = self.demo.auth(path);
        self.send(method, &url, body).await
    }

    /// Asks for the orders until the answer is no longer 200.
    pub(crate) async fn until_refused(&mut self) -> Reply {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reply = self.orders(Method::GET, "/orders", None).await;
            if reply.status != 200 || Instant::now() > deadline {
                return reply;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// `handstamp serve`, and the command line beside it.
pub(crate) struct Served {
    pub(crate) running: Running,
    pub(crate) base: String,
}

impl Served {
    /// Starts the service on a free port, its data in the given folder.
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_at(folder, 0)
    }

    pub(crate) fn start_at(folder: &Path, port: u16) -> Self {
        let listen = format!("127.0.0.1:{port}");
        Self::of(Running::start(folder, ["serve", "--data", "data", "--listen", &listen]))
    }

    /// Waits until a service that was started listens.
    pub(crate) fn of(mut running: Running) -> Self {
        let base = running.address();
        Self { running, base }
    }

    /// Sends JSON as a client without a browser does.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.answer(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn whoami(&self, access_token: &str) -> Reply {
        self.answer(self.request(Method::GET, "/auth/whoami").bearer_auth(access_token)).await
    }

    /// Waits until a token is refused with this code.
    pub(crate) async fn until_refused(&self, access_token: &Value, code: &str) {
        let token = access_token.as_str().expect("a token");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reply = self.whoami(token).await;
            if reply.code() == (401, code) {
                return;
            }
            assert!(Instant::now() < deadline, "it never is {code}: {reply:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks whether the service is ready.
    pub(crate) async fn ready(&self) -> Reply {
        self.answer(self.request(Method::GET, "/health/ready")).await
    }

    /// Signs somebody in and returns the tokens.
    pub(crate) async fn sign_in(&self, login: &str) -> Reply {
        self.post("/auth/sign-in", &json!({ "login": login, "password": PASSWORD, "delivery": "body" })).await
    }

    /// Ends the session of a token.
    pub(crate) async fn sign_out(&self, access_token: &Value) {
        let request = self.request(Method::POST, "/auth/sign-out");
        let request = request.bearer_auth(access_token.as_str().expect("a token"));
        let reply = self.answer(request.json(&json!({ "scope": "session" }))).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    pub(crate) async fn refresh(&self, refresh_token: &Value) -> Reply {
        self.post("/auth/refresh", &json!({ "refresh_token": refresh_token })).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        client.request(method, format!("{}{path}", self.base)).header("x-handstamp", "1")
    }

    async fn answer(&self, request: RequestBuilder) -> Reply {
        Reply::to(request).await.unwrap_or_else(|| panic!("no reply; stderr: {}", self.running.stderr()))
    }
}

/// Runs a command on the data folder that the service serves.
pub(crate) fn beside(folder: &Path, arguments: &[&str]) -> Finished {
    run(folder, arguments.iter().chain(&["--data", "data"]))
}

/// Adds a user whose password is [`PASSWORD`].
pub(crate) fn add_user(folder: &Path, name: &str) -> Finished {
    let email = format!("{name}@example.org");
    let arguments = ["user", "add", name, "--email", &email, "--password-stdin", "--data", "data", "--json"];
    run_with_stdin(folder, arguments, format!("{PASSWORD}\n").as_bytes())
}
