//! One example, run as its README says, on ports of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use handstamp_e2e::binary;
use handstamp_e2e::program::Running;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::traefik::Traefik;
use crate::support::{PASSWORD, PATIENCE, free_port};

/// An origin that may call the app's services beside its own.
pub(super) const FRIEND: &str = "https://friend.example";

/// The variables that choose ports in the place of the examples' own: of the proxy, the auth service, its gRPC listener and the
/// service behind.
const PORTS: [&str; 4] = ["PROXY_PORT", "AUTH_PORT", "EXT_AUTHZ_PORT", "SERVICE_PORT"];

/// A proxy with all that stands behind it. It ends with the test.
pub(crate) struct Front {
    running: Mutex<Option<Running>>,
    folder: TempDir,
    ports: [u16; 4],
    /// Plays the proxy where there is none.
    traefik: Option<Traefik>,
}

impl Front {
    /// Starts an example, with variables for the auth service.
    pub(crate) fn start(example: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let front = Self::run(example, arguments, variables);
        front.wait(front.ports[0]);
        front
    }

    /// Starts what stands behind Traefik.
    pub(crate) fn behind_traefik(variables: &[(&str, &str)]) -> Self {
        let mut front = Self::run("traefik", &[], variables);
        front.wait(front.ports[1]);
        let configuration = front.scratch("config/dynamic.yaml");
        front.traefik = Some(Traefik::read(&configuration, front.ports));
        front
    }

    fn run(example: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let ports = PORTS.map(|_| free_port());
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let mut own = vec![
            ("HANDSTAMP", path(binary::handstamp().to_owned())),
            ("ENVOY", path(repository().join("target/peers/python/bin/envoy"))),
            ("TMPDIR", path(folder.path().to_owned())),
            ("HANDSTAMP_SERVER_ALLOWED_ORIGINS", FRIEND.to_owned()),
        ];
        own.extend(PORTS.into_iter().zip(ports.map(|port| port.to_string())));
        if example == "traefik" {
            own.push(("TRAEFIK", path(without_proxy(folder.path()))));
        }
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        let variables: Vec<_> = own.chain(variables.iter().copied()).collect();
        let script = repository().join("examples").join(example).join("run");
        let running = Running::script(&script, arguments, &variables);
        Self { running: Mutex::new(Some(running)), folder, ports, traefik: None }
    }

    /// Waits until somebody could connect.
    fn wait(&self, port: u16) {
        let deadline = Instant::now() + PATIENCE;
        // The proxy may be there before the auth service, or after it.
        while [port, self.ports[1], self.ports[3]]
            .iter()
            .any(|port| std::net::TcpStream::connect(("127.0.0.1", *port)).is_err())
        {
            let stderr = self.stderr();
            assert!(Instant::now() < deadline, "the example does not start: {stderr}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns a file that the example has made for itself.
    fn scratch(&self, file: &str) -> PathBuf {
        let entries = fs::read_dir(self.folder.path()).expect("the test's folder");
        let mut files = entries.filter_map(|entry| Some(entry.ok()?.path().join(file)));
        files.find(|file| file.is_file()).unwrap_or_else(|| panic!("{file} is not there"))
    }

    fn stderr(&self) -> String {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().map(Running::stderr).unwrap_or_default()
    }

    /// Returns the origin of the app.
    pub(super) fn origin(&self) -> String {
        format!("http://localhost:{}", self.ports[0])
    }

    pub(super) fn get(&self, target: &str) -> Ask<'_> {
        Ask::new(self, Method::GET, target)
    }

    pub(super) fn send(&self, method: Method, target: &str) -> Ask<'_> {
        Ask::new(self, method, target)
    }

    /// Signs somebody in through the proxy and returns the access token.
    pub(super) async fn sign_in(&self, login: &str) -> String {
        let body = json!({ "login": login, "password": PASSWORD, "delivery": "body" }).to_string();
        let call = self.send(Method::POST, "/auth/sign-in").header("content-type", "application/json");
        let reply = call.header("x-handstamp", "1").body(body).send().await;
        reply.body["access_token"].as_str().unwrap_or_else(|| panic!("{reply:?}")).to_owned()
    }

    /// Ends the auth service, and nothing else.
    pub(super) fn stop_the_auth_service(&self) {
        let pid = fs::read_to_string(self.scratch("serve.pid")).expect("the number of the process");
        assert!(Command::new("kill").arg(pid.trim()).status().is_ok_and(|status| status.success()));
        let deadline = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(("127.0.0.1", self.ports[1])).is_ok() {
            assert!(Instant::now() < deadline, "the auth service goes on");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(running) = self.running.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            running.stop();
        }
    }
}

/// The front of all tests of one proxy that run at the same time.
pub(crate) struct Shared(Mutex<Weak<Front>>);

impl Shared {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    pub(crate) fn get(&self, start: impl FnOnce() -> Front) -> Arc<Front> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let front = Arc::new(start());
            *shared = Arc::downgrade(&front);
            front
        })
    }
}

/// A request through the proxy.
pub(super) struct Ask<'f> {
    front: &'f Front,
    method: Method,
    target: String,
    headers: HeaderMap,
    body: String,
}

/// What came back: from the service behind, what it was told.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl<'f> Ask<'f> {
    fn new(front: &'f Front, method: Method, target: &str) -> Self {
        Self { front, method, target: target.to_owned(), headers: HeaderMap::new(), body: String::new() }
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"));
        self
    }

    pub(super) fn headers(self, headers: &[(&'static str, &str)]) -> Self {
        headers.iter().fold(self, |ask, (name, value)| ask.header(name, value))
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// The token where a browser keeps it.
    pub(super) fn cookie(self, token: &str) -> Self {
        let cookie = format!("__Host-Http-at-{}={token}", self.front.ports[0]);
        self.header("cookie", &cookie)
    }

    pub(super) fn body(mut self, body: String) -> Self {
        self.body = body;
        self
    }

    pub(super) async fn send(self) -> Reply {
        let Self { front, method, target, headers, body } = self;
        let reply = match &front.traefik {
            Some(traefik) => traefik.pass(&method, &target, headers, body).await,
            None => {
                fetch(&method, &format!("http://localhost:{}{target}", front.ports[0]), headers, body).await
            }
        };
        let (head, body) = reply.into_parts();
        let body = serde_json::from_str(&body).unwrap_or(Value::String(body));
        Reply { status: head.status.as_u16(), headers: head.headers, body }
    }
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// What the service behind was told in a header; nothing where it was told nothing, or an empty one.
    pub(super) fn told(&self, name: &str) -> &str {
        assert_eq!(self.status, 200, "{self:?}");
        self.body["headers"][name].as_str().unwrap_or_default()
    }
}

/// Sends one request and returns the reply, wherever it leads.
pub(super) async fn fetch(method: &Method, url: &str, headers: HeaderMap, body: String) -> Response<String> {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let client = client.resolve("localhost", ([127, 0, 0, 1], 0).into()).build().expect("a client");
    let request = client.request(method.clone(), url).headers(headers).body(body);
    let reply = request.send().await.expect("a reply");
    let mut response = Response::builder().status(reply.status());
    *response.headers_mut().expect("nothing wrong yet") = reply.headers().clone();
    response.body(reply.text().await.expect("a body")).expect("a response")
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

/// Puts a Traefik into the folder that does nothing.
fn without_proxy(folder: &Path) -> PathBuf {
    let traefik = folder.join("traefik");
    fs::write(&traefik, "#!/bin/sh\nexec sleep infinity\n").expect("a script");
    fs::set_permissions(&traefik, fs::Permissions::from_mode(0o755)).expect("a program of ours");
    traefik
}
