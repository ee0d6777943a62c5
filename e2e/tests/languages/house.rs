//! An auth service with people in two organisations, and what it signed under other settings.

use std::fs;
use std::path::{Path, PathBuf};

use handstamp_e2e::program::{Running, run_with_stdin};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{PASSWORD, Served, beside, free_port};

/// Status lists live two seconds, so that nobody waits longer; keys take turns as quickly as they may.
const CONFIG: &str = "[tokens]\naudiences = [\"orders\"]\n\n[status_lists]\nenabled = true\nttl = \"2s\"\n\n\
                      [keys]\npublish_ahead = \"3s\"\nrotate_every = \"never\"\n";

/// The client that follows the revocation feed.
pub(super) const CLIENT: &str = "orders-service";

/// A running auth service and its people.
pub(super) struct House {
    folder: TempDir,
    port: u16,
    served: Served,
    /// Tokens that it signed for somebody else, or some time ago.
    pub(super) misfits: Misfits,
}

/// Tokens of the same keys, each with one thing that is not as it should be.
pub(super) struct Misfits {
    pub(super) expired: String,
    pub(super) for_another_service: String,
    pub(super) of_another_issuer: String,
}

impl House {
    /// Builds one: Ada orders and deletes for acme, Ben orders, Cleo looks, and Emil orders for globex.
    pub(super) async fn build() -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path();
        let port = free_port();
        let issuer = format!("http://127.0.0.1:{port}");
        fs::write(path.join("handstamp.toml"), CONFIG).expect("a file");
        for org in ["acme", "globex"] {
            beside(path, &["org", "add", org]).ok();
        }
        add_person(path, "ada", "acme", &["admin", "buyer"]);
        add_person(path, "ben", "acme", &["buyer"]);
        add_person(path, "cleo", "acme", &[]);
        add_person(path, "emil", "globex", &["buyer"]);
        let client = beside(path, &["client", "add", CLIENT, "--scope", "revocations", "--json"]).ok().json();
        fs::write(path.join("secret"), client["client_secret"].as_str().expect("a secret")).expect("a file");

        let ours = ("HANDSTAMP_SERVER_PUBLIC_URL", issuer.as_str());
        let misfits = Misfits {
            // No list lives longer than a token.
            expired: signed_under(
                path,
                &[ours, ("HANDSTAMP_TOKENS_LIFETIME", "1s"), ("HANDSTAMP_STATUS_LISTS_ENABLED", "false")],
            )
            .await,
            for_another_service: signed_under(path, &[ours, ("HANDSTAMP_TOKENS_AUDIENCES", "billing")]).await,
            of_another_issuer: signed_under(path, &[("HANDSTAMP_SERVER_PUBLIC_URL", "http://localhost:9")])
                .await,
        };
        let served = Served::start_at(path, port);
        Self { folder, port, served, misfits }
    }

    pub(super) fn issuer(&self) -> &str {
        &self.served.base
    }

    /// Where the client's secret is.
    pub(super) fn secret_file(&self) -> PathBuf {
        self.folder.path().join("secret")
    }

    /// Signs somebody in and returns their tokens.
    pub(super) async fn sign_in(&self, name: &str) -> Tokens {
        Tokens::of(&self.served.sign_in(name).await.body)
    }

    pub(super) async fn refresh(&self, tokens: &Tokens) -> Tokens {
        Tokens::of(&self.served.refresh(&json!(tokens.refresh)).await.body)
    }

    pub(super) async fn sign_out(&self, tokens: &Tokens) {
        let request = http().post(format!("{}/auth/sign-out", self.issuer())).bearer_auth(&tokens.access);
        let reply = request.json(&json!({ "scope": "session" })).send().await.expect("a reply");
        assert_eq!(reply.status().as_u16(), 200);
    }

    /// Returns what is published at an address.
    pub(super) async fn document(&self, url: &str) -> String {
        assert!(url.starts_with(self.issuer()), "{url}");
        http().get(url).send().await.expect("a reply").text().await.expect("text")
    }

    /// Runs a command beside the service.
    pub(super) fn run(&self, arguments: &[&str]) -> Value {
        beside(self.folder.path(), arguments).ok().json()
    }

    /// Kills the auth service. What is returned brings it back.
    pub(super) fn kill(self) -> impl FnOnce() -> Self {
        let Self { folder, port, served, misfits } = self;
        served.running.kill();
        move || {
            let served = Served::start_at(folder.path(), port);
            Self { folder, port, served, misfits }
        }
    }
}

/// What a sign-in hands out.
pub(super) struct Tokens {
    pub(super) access: String,
    refresh: String,
}

impl Tokens {
    fn of(body: &Value) -> Self {
        let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("no {name}: {body}")).to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

fn add_person(folder: &Path, name: &str, org: &str, roles: &[&str]) {
    let email = format!("{name}@example.org");
    let mut arguments = vec![
        "user",
        "add",
        name,
        "--email",
        &email,
        "--org",
        org,
        "--password-stdin",
        "--data",
        "data",
        "--json",
    ];
    arguments.extend(roles.iter().flat_map(|role| ["--role", role]));
    run_with_stdin(folder, arguments, format!("{PASSWORD}\n").as_bytes()).ok();
}

/// Returns a token that the auth service signed for Ada while it ran with these settings, on the same data and so with the same keys.
async fn signed_under(folder: &Path, settings: &[(&str, &str)]) -> String {
    let arguments = ["serve", "--data", "data", "--listen", "127.0.0.1:0"];
    let served = Served::of(Running::start_with(folder, arguments, settings));
    let access = Tokens::of(&served.sign_in("ada").await.body).access;
    served.running.stop();
    access
}
