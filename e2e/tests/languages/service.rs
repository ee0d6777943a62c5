//! The programs in `examples`, started and stopped.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::house::{CLIENT, House};
use crate::support::{PATIENCE, Reply};

/// The cookie that the services look for, as it is called by default.
pub(super) const COOKIE: &str = "__Host-Http-at";

/// How long a service of these tests goes on without news. Three heartbeats may be missed before, so it is no less than this.
pub(super) const MAX_STALE: Duration = Duration::from_secs(8);

/// What a service is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Express,
    FastApi,
    Go,
    Spring,
}

impl Language {
    /// Returns whether it follows the feed. The others go by status lists, which tell of sessions alone.
    pub(super) fn hears_of_roles(self) -> bool {
        matches!(self, Self::Express | Self::Go)
    }

    /// Returns how late it may notice a sign-out. By the feed that is a moment, by a list its `ttl` of two seconds and what making and
    /// fetching it takes; each with room for a machine that does other things.
    pub(super) fn notices_within(self) -> Duration {
        if self.hears_of_roles() { Duration::from_secs(2) } else { Duration::from_secs(6) }
    }

    /// Returns how long it goes on without any news: by the feed what it is told, by a list its end, three times the `ttl`.
    pub(super) fn closes_within(self) -> Duration {
        if self.hears_of_roles() { MAX_STALE } else { Duration::from_secs(6) }
    }

    fn command(self) -> Command {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
        let examples = root.join("examples");
        let target = root.join("target");
        match self {
            Self::Express => {
                needed(&examples.join("express/node_modules"));
                program("node", &examples.join("express"), &["src/main.js"])
            }
            Self::FastApi => {
                let python = needed(&target.join("peers/fastapi/bin/python"));
                program(&python.to_string_lossy(), &examples.join("fastapi"), &["-B", "-m", "orders_service"])
            }
            Self::Go => program(
                &needed(&target.join("examples/go/orders")).to_string_lossy(),
                &examples.join("go"),
                &[],
            ),
            Self::Spring => {
                let jar = needed(&examples.join("spring/target/orders.jar"));
                // It starts once and answers a hundred requests: nothing is worth being optimised.
                let arguments = [
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-Xshare:auto",
                    "-jar",
                    &jar.to_string_lossy(),
                ];
                program("java", &examples.join("spring"), &arguments)
            }
        }
    }
}

fn program(name: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(folder);
    command
}

/// A test that has not got what it needs fails; it is not left out.
fn needed(path: &Path) -> PathBuf {
    assert!(path.exists(), "{} is missing: `cargo xtask examples` builds it", path.display());
    path.to_owned()
}

/// A running service. It is killed when the test lets go of it.
pub(super) struct Service {
    pub(super) language: Language,
    child: Child,
    base: String,
    log: PathBuf,
    http: Client,
    _folder: TempDir,
}

impl Service {
    /// Starts one on a free port. It is told the issuer's address, and nothing else about it.
    pub(super) fn start(language: Language, house: &House) -> Self {
        let folder = TempDir::new().expect("a folder");
        let log = folder.path().join("log");
        let mut child = language
            .command()
            .env("ISSUER", house.issuer())
            .env("PORT", "0")
            .env("CLIENT_ID", CLIENT)
            .env("CLIENT_SECRET_FILE", house.secret_file())
            .env("MAX_STALE_SECONDS", MAX_STALE.as_secs().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a file"))
            .spawn()
            .unwrap_or_else(|cause| panic!("{language:?} cannot be started: {cause}"));
        let base = address(&mut child);
        let http = Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        let service = Self { language, child, base: base.unwrap_or_default(), log, http, _folder: folder };
        assert!(!service.base.is_empty(), "{language:?} does not listen: {}", service.log());
        service
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it says that it can tell who is calling.
    pub(super) async fn until_ready(&self) {
        let ready = self.http.get(format!("{}/health/ready", self.base));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reply = ready.try_clone().expect("a request without a body").send().await;
            if reply.is_ok_and(|reply| reply.status().is_success()) {
                return;
            }
            assert!(Instant::now() < deadline, "{:?} is never ready: {}", self.language, self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks for the organisation's orders.
    pub(super) async fn list(&self, token: &str) -> Answer {
        self.send(Method::GET, "/orders", |request| request.bearer_auth(token)).await
    }

    /// Orders a lamp.
    pub(super) async fn order(&self, with: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Answer {
        self.send(Method::POST, "/orders", |request| {
            with(request.json(&json!({ "item": "Lamp", "quantity": 2 })))
        })
        .await
    }

    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Answer {
        let request = with(self.http.request(method, format!("{}{path}", self.base)));
        let reply = request
            .send()
            .await
            .unwrap_or_else(|cause| panic!("{:?}: {cause:?}: {}", self.language, self.log()));
        let status = reply.status().as_u16();
        let header = |name: &str| {
            reply.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let (challenge, content_type) =
            (header("www-authenticate"), header("content-type").unwrap_or_default());
        let body = reply.json().await.unwrap_or(Value::Null);
        Answer { language: self.language, challenge, content_type, reply: Reply { status, body } }
    }

    /// Asks for the orders until the answer is another one, and returns that with how long it took.
    pub(super) async fn list_while(&self, token: &str, status: u16) -> (Answer, Duration) {
        let since = Instant::now();
        loop {
            let answer = self.list(token).await;
            if answer.reply.status != status {
                return (answer, since.elapsed());
            }
            assert!(
                since.elapsed() < PATIENCE,
                "{:?} goes on to answer {answer:?}: {}",
                self.language,
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns what the program says behind "listening on", `None` when it ends or stays silent instead.
fn address(child: &mut Child) -> Option<String> {
    let stdout = child.stdout.take().expect("stdout is piped");
    let (sender, addresses) = mpsc::channel();
    thread::spawn(move || {
        // To its end, or the program would block on a full pipe.
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(address) = line.strip_prefix("listening on ") {
                // Nobody waits any more where the test has ended.
                let _ = sender.send(address.to_owned());
            }
        }
    });
    addresses.recv_timeout(PATIENCE).ok()
}

/// What a service answered.
#[derive(Debug)]
pub(super) struct Answer {
    language: Language,
    challenge: Option<String>,
    content_type: String,
    pub(super) reply: Reply,
}

impl Answer {
    #[track_caller]
    pub(super) fn expect(&self, status: u16) {
        assert_eq!(self.reply.status, status, "{self:?}");
    }

    /// Expects a refusal as our own services give it: a problem with this code, and the challenge that goes with the status.
    #[track_caller]
    pub(super) fn expect_refusal(&self, status: u16, code: &str, of: &str) {
        let language = self.language;
        assert_eq!(self.reply.code(), (status, code), "{language:?}, {of}: {self:?}");
        assert_eq!(self.content_type, "application/problem+json", "{language:?}, {of}");
        let challenge = match status {
            401 if code == "token_missing" => Some("Bearer".to_owned()),
            401 => Some(format!(r#"Bearer error="invalid_token", error_description="{code}""#)),
            403 if code != "csrf_rejected" => {
                Some(format!(r#"Bearer error="insufficient_scope", error_description="{code}""#))
            }
            _ => None,
        };
        assert_eq!(self.challenge, challenge, "{language:?}, {of}");
    }
}
