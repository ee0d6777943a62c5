//! An auth service that has upstreams, and people who go through them.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use handstamp_e2e::program::{Finished, Running};
use handstamp_e2e::socket::Socket;
use handstamp_verify::Verifier;
use handstamp_verify::revocation::SilencePolicy;
use http::Method;
use serde_json::Value;
use tempfile::TempDir;

use super::server::Upstream;
use super::visitor::{Profile, Tab};
use crate::revocation::house::{Service, service};
use crate::support::{beside, free_port};

/// How roles of the provider become ours.
const ROLES: &str = "staff = [\"employee\"]\nbuyers = [\"buyer\", \"reader\"]\nchiefs = [\"admin\"]";

/// Hundreds of sign-ins from one address are the arrangement here, not an attack.
const MANY_ATTEMPTS: (&str, &str) = ("HANDSTAMP_RATE_LIMITS_ADDRESS_ATTEMPTS", "100000");

/// An auth service with the given upstreams in its configuration.
pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    pub(crate) upstream: Upstream,
    pub(crate) base: String,
    running: Option<Running>,
}

/// A process that can be started, and started again.
pub(crate) struct Replica {
    folder: PathBuf,
    base: String,
    port: u16,
}

/// Words of `[upstreams.NAME]` that tests change.
pub(crate) struct Words {
    /// What it is called here, and what we are called there.
    pub(crate) name: &'static str,
    pub(crate) words: &'static [(&'static str, &'static str)],
}

/// The provider as an operator would set it up: whoever it sends is let in.
pub(crate) const ACME: Words = Words { name: "acme", words: &[("create", "true")] };

impl Stage {
    /// Starts the provider, and an auth service that lets people in through it.
    pub(crate) fn open() -> Self {
        Self::with(&ACME)
    }

    /// Starts the provider, and an auth service with these words in its configuration.
    pub(crate) fn with(words: &Words) -> Self {
        let stage = Self::prepared(Upstream::provider, words);
        stage.started()
    }

    /// Starts upstreams that get something wrong, and an auth service that knows them all by what they get wrong.
    pub(crate) fn misled() -> Self {
        let stage = Self::around(|_| Upstream::misbehaving());
        let sections = stage.upstream.issuers().map(|(name, issuer)| {
            // Nobody wants to wait for the one that never answers.
            let words: &[_] = if name == "slow" { &[("timeout", "\"1s\"")] } else { &[] };
            section(name, issuer, &[&[("create", "true")], words].concat())
        });
        let sections: Vec<_> = sections.collect();
        stage.configure(&sections.join("\n"));
        stage.started()
    }

    /// Starts the upstream alone: users can be added before the service runs.
    pub(crate) fn prepared(upstream: impl FnOnce(&str) -> Upstream, Words { name, words }: &Words) -> Self {
        let stage = Self::around(upstream);
        stage.configure(&section(name, stage.upstream.issuer(), words));
        stage
    }

    fn around(upstream: impl FnOnce(&str) -> Upstream) -> Self {
        let folder = TempDir::new().expect("a folder");
        let base = format!("http://localhost:{}", free_port());
        let upstream = upstream(&base);
        secret(&folder.path().join("client.secret"), upstream.told("secret"));
        Self { folder, upstream, base, running: None }
    }

    fn configure(&self, text: &str) {
        std::fs::write(self.folder.path().join("handstamp.toml"), text).expect("a file");
    }

    /// Starts the service where its public URL says.
    pub(crate) fn started(mut self) -> Self {
        let listen = self.base.replace("http://localhost", "127.0.0.1");
        let variables = [
            ("HANDSTAMP_SERVER_PUBLIC_URL", self.base.as_str()),
            ("HANDSTAMP_REVOCATION_SUBSCRIBERS", "open"),
        ];
        let arguments = ["serve", "--data", "data", "--listen", &listen];
        let mut running = Running::start_with(self.folder.path(), arguments, &variables);
        running.address();
        self.running = Some(running);
        self
    }

    /// Returns one of several processes on the same folder, on a port of its own.
    pub(crate) fn replica(&self, port: u16) -> Replica {
        Replica { folder: self.folder.path().to_owned(), base: self.base.clone(), port }
    }

    /// The service that [`Self::started`] started.
    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("it was started")
    }

    /// Starts a service that trusts the tokens of the auth service and follows its feed.
    pub(crate) fn service(&self) -> Verifier {
        let address = self.base.replace("http://localhost", "127.0.0.1").parse().expect("an address");
        service(&self.base, Service { policy: SilencePolicy::refuse(), skew: 0 }, &[address])
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Opens a browser of somebody new.
    pub(crate) fn visitor(&self) -> Visitor<'_> {
        self.visitor_with(Profile::new())
    }

    /// Opens another tab of a browser.
    pub(crate) fn visitor_with(&self, profile: Profile) -> Visitor<'_> {
        Visitor { stage: self, tab: Tab::new(&profile, Socket::new()), profile }
    }

    /// Runs a command on the service's data.
    pub(crate) fn command(&self, arguments: &[&str]) -> Finished {
        beside(self.folder.path(), arguments)
    }
}

impl Replica {
    /// Starts it.
    pub(crate) fn start(&self) -> Running {
        let variables = [
            ("HANDSTAMP_SERVER_PUBLIC_URL", self.base.as_str()),
            ("HANDSTAMP_STORAGE_SHARE", "true"),
            MANY_ATTEMPTS,
        ];
        let listen = format!("127.0.0.1:{}", self.port);
        let arguments = ["serve", "--data", "data", "--listen", &listen];
        let mut running = Running::start_with(&self.folder, arguments, &variables);
        running.address();
        running
    }
}

/// Returns the part of the configuration about one upstream. An empty word leaves out what else stands there.
fn section(name: &str, issuer: &str, words: &[(&str, &str)]) -> String {
    let mut lines =
        vec![format!("[upstreams.{name}]"), "label = \"Acme\"".to_owned(), format!("client_id = \"{name}\"")];
    let defaults = [
        ("issuer", "\"ISSUER\""),
        ("client_secret_file", "\"client.secret\""),
        ("scopes", "[\"openid\", \"profile\", \"email\", \"groups\"]"),
    ];
    let defaults = defaults.iter().filter(|(key, _)| !words.iter().any(|(own, _)| own == key));
    let words = defaults.chain(words).filter(|(_, value)| !value.is_empty());
    lines.extend(words.map(|(key, value)| format!("{key} = {value}")));
    lines.push(format!("[upstreams.{name}.claims]\nroles = \"groups\""));
    lines.push(format!("[upstreams.{name}.roles]\n{ROLES}\n"));
    lines.join("\n").replace("ISSUER", issuer)
}

/// Writes a file that its owner alone can read.
pub(crate) fn secret(path: &Path, text: &str) {
    use std::io::Write as _;
    let file = std::fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path);
    file.expect("a file").write_all(text.as_bytes()).expect("it is written");
}

/// Somebody with a browser of their own.
pub(crate) struct Visitor<'a> {
    stage: &'a Stage,
    pub(crate) profile: Profile,
    pub(crate) tab: Tab<Socket>,
}

impl Visitor<'_> {
    /// Begins a sign-in: ends at the upstream's form.
    pub(crate) async fn begin(&mut self, upstream: &str, return_to: &str) {
        let return_to: String = url::form_urlencoded::byte_serialize(return_to.as_bytes()).collect();
        let url = self.stage.url(&format!("/auth/login/{upstream}?return_to={return_to}"));
        self.tab.open(&url).await;
    }

    /// Fills in the provider's form: ends where the sign-in leads.
    pub(crate) async fn fill_in(&mut self, name: &str) {
        assert!(self.tab.page.text.contains("Sign in to Acme"), "not at the form: {:?}", self.tab.page);
        let form = self.tab.page.form();
        self.tab.submit(&form, &[("login", name), ("password", "anything")]).await;
    }

    /// Signs in through the provider: ends at the account page.
    pub(crate) async fn sign_in(&mut self, upstream: &str, name: &str) {
        self.begin(upstream, "/auth/account").await;
        self.fill_in(name).await;
        let said = self.stage.running().stderr();
        assert_eq!(self.tab.page.status, 200, "{:?}, and the log says {said}", self.tab.page);
    }

    /// Returns what the service says about whoever is signed in.
    pub(crate) async fn whoami(&self) -> (u16, Value) {
        self.tab.ask(Method::GET, &self.stage.url("/auth/whoami")).await
    }

    /// Returns the access token that the browser keeps.
    pub(crate) fn access_token(&self) -> String {
        let found = self.profile.with(|browser| {
            let mut cookies = browser.jar.cookies().iter();
            cookies
                .find(|cookie| cookie.name.starts_with("__Host-Http-at"))
                .map(|cookie| cookie.value.clone())
        });
        found.expect("it keeps one")
    }

    /// Returns who is signed in.
    pub(crate) async fn name(&self) -> Option<String> {
        let (_, body) = self.whoami().await;
        body["preferred_username"].as_str().map(str::to_owned)
    }
}
