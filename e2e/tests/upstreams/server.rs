//! The servers that people sign in through: scripts of `e2e/upstreams`.

use std::path::{Path, PathBuf};

use handstamp_e2e::program::Running;
use serde_json::{Value, json};

/// A running upstream. It ends with the test.
pub(crate) struct Upstream {
    /// Absent when it has gone away.
    running: Option<Running>,
    told: Value,
}

impl Upstream {
    /// Starts the one that is right. It knows one client for each way in which Handstamp can say who it is.
    pub(crate) fn provider(handstamp: &str) -> Self {
        Self::start("provider.mjs", &json!({ "handstamp": handstamp }))
    }

    /// Starts the one that is right, and keeps its ID tokens small: what it knows about people is told at its userinfo endpoint alone.
    pub(crate) fn terse_provider(handstamp: &str) -> Self {
        Self::start("provider.mjs", &json!({ "handstamp": handstamp, "terse": true }))
    }

    /// Starts those that get something wrong, each in its own way.
    pub(crate) fn misbehaving() -> Self {
        Self::start("misbehaving.mjs", &json!({}))
    }

    fn start(script: &str, wanted: &Value) -> Self {
        let folder = folder();
        assert!(
            folder.join("node_modules").is_dir(),
            "what the upstreams are made of is not there: `cargo xtask install` installs it"
        );
        let mut running = Running::node(&folder.join(script), &wanted.to_string());
        let told = serde_json::from_str(&running.line()).expect("one line of JSON");
        Self { running: Some(running), told }
    }

    /// Returns a word that it said about itself.
    pub(crate) fn told(&self, name: &str) -> &str {
        self.told[name].as_str().unwrap_or_else(|| panic!("it says nothing about its {name}: {}", self.told))
    }

    pub(crate) fn issuer(&self) -> &str {
        self.told("issuer")
    }

    /// Returns what it has written to stderr.
    pub(crate) fn log(&self) -> String {
        self.running.as_ref().map(Running::stderr).unwrap_or_default()
    }

    /// Lets it go away: nobody answers any more.
    pub(crate) fn away(&mut self) {
        self.running = None;
    }

    /// Returns those that get something wrong: what, and where they are.
    pub(crate) fn issuers(&self) -> impl Iterator<Item = (&str, &str)> {
        let issuers = self.told["issuers"].as_object().into_iter().flatten();
        issuers.filter_map(|(name, issuer)| Some((name.as_str(), issuer.as_str()?)))
    }

    /// Changes what it knows about somebody.
    pub(crate) async fn change(&self, person: &str, claims: &Value) {
        let url = format!("{}/control/people/{person}", self.issuer());
        let reply = client().post(url).json(claims).send().await.expect("it answers");
        assert!(reply.status().is_success(), "{reply:?}");
    }
}

/// Returns how often each endpoint of an upstream was asked.
pub(crate) async fn seen(issuer: &str) -> Value {
    let reply = client().get(format!("{issuer}/control/seen")).send().await.expect("it answers");
    reply.json().await.expect("JSON")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("upstreams")
}

/// Returns a client without any rules of browsers.
pub(crate) fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    client.build().expect("a client")
}
