use std::fs;
use std::path::Path;

use handstamp_e2e::browser::{Browser, Fetch};
use handstamp_e2e::program::{Finished, Running, run_with};
use handstamp_e2e::socket::Socket;
use handstamp_testbed::Postgres;
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{carry_root_key, port_of};
use crate::support::{PASSWORD, Reply, Served, add_user, beside, now};

/// There is a password in it, which has no place on a command line.
const DATABASE_URL: &str = "HANDSTAMP_STORAGE_DATABASE_URL";

/// Runs a command on a database in PostgreSQL; the root key is in the folder `keys`.
fn over_there(folder: &Path, database: &str, arguments: &[&str]) -> Finished {
    run_with(folder, arguments.iter().chain(&["--data", "keys"]), &[(DATABASE_URL, database)], b"")
}

fn serve_over_there(folder: &Path, database: &str, port: u16) -> Served {
    let listen = format!("127.0.0.1:{port}");
    let arguments = ["serve", "--data", "keys", "--listen", &listen];
    Served::of(Running::start_with(folder, arguments, &[(DATABASE_URL, database)]))
}

/// Somebody's browser at the service's own pages.
struct Visitor {
    base: String,
    browser: Browser<Socket>,
}

impl Visitor {
    async fn signed_in(base: &str) -> Self {
        let mut visitor = Self { base: base.to_owned(), browser: Browser::new(Socket::new(), now()) };
        let sign_in = json!({ "login": "ann", "password": PASSWORD });
        let reply = visitor.send(Method::POST, "/auth/sign-in", Some(&sign_in)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        visitor
    }

    async fn send(&mut self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let url = format!("{}{path}", self.base);
        let mut fetch =
            Fetch::script(&format!("{}/auth/account", self.base), method, &url).with_credentials();
        if let Some(body) = body {
            fetch = fetch.json(body.to_string());
        }
        Reply::of(&self.browser.fetch(fetch).await.expect("the page may read the reply"))
    }
}

/// The rows of an export, in an order of their own: stores hand them out as they lie.
fn rows(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("an export");
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let (first, last) = (&lines[0], &lines[lines.len() - 1]);
    assert!(first.starts_with("{\"handstamp_export\":") && last.starts_with("{\"end\":"), "{first} … {last}");
    let mut rows = lines[1..lines.len() - 1].to_vec();
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_moves_to_postgresql_with_every_session_alive() {
    let folder = TempDir::new().expect("a folder");
    let served = Served::start(folder.path());
    add_user(folder.path(), "ann").ok();
    beside(folder.path(), &["org", "add", "acme"]).ok();
    beside(folder.path(), &["user", "set-org", "ann", "acme"]).ok();
    beside(folder.path(), &["client", "add", "reports", "--scope", "orders:read"]).ok();
    let mut browsers = [Visitor::signed_in(&served.base).await, Visitor::signed_in(&served.base).await];
    let device = served.sign_in("ann").await.body;
    let rotated = served.refresh(&served.sign_in("ann").await.body["refresh_token"]).await.body;
    let over = served.sign_in("ann").await.body;
    served.sign_out(&over["access_token"]).await;
    let revoked = over["access_token"].as_str().expect("a token");
    assert_eq!(served.whoami(revoked).await.code(), (401, "token_revoked"));
    let port = port_of(&served.base);
    served.running.stop();

    beside(folder.path(), &["export", "first.export"]).ok();
    carry_root_key(&folder.path().join("data"), &folder.path().join("keys"));
    let database = Postgres::shared().database();
    let taken = over_there(folder.path(), &database, &["import", "first.export", "--json"]).ok().json();
    assert_eq!(taken["rows"]["sessions"], 5, "{taken}");
    over_there(folder.path(), &database, &["export", "second.export"]).ok();
    assert_eq!(rows(&folder.path().join("second.export")), rows(&folder.path().join("first.export")));

    let served = serve_over_there(folder.path(), &database, port);

    // Access tokens are as good as they were: nobody has to refresh because of the move.
    let access = device["access_token"].as_str().expect("a token");
    assert_eq!(served.whoami(access).await.body["org_id"], "acme");
    assert_eq!(served.whoami(revoked).await.code(), (401, "token_revoked"), "what was revoked stays revoked");
    for browser in &mut browsers {
        assert_eq!(browser.send(Method::GET, "/auth/whoami", None).await.status, 200);
        let refreshed = browser.send(Method::POST, "/auth/refresh", Some(&json!({}))).await;
        assert_eq!(refreshed.status, 200, "{refreshed:?}");
        assert_eq!(browser.send(Method::GET, "/auth/whoami", None).await.body["preferred_username"], "ann");
    }
    for token in [&device["refresh_token"], &rotated["refresh_token"]] {
        let refreshed = served.refresh(token).await;
        assert_eq!(refreshed.status, 200, "{refreshed:?}");
    }
    assert_eq!(served.refresh(&over["refresh_token"]).await.code(), (401, "session_ended"));
    // And what is revoked from now on has the next number.
    served.sign_out(&device["access_token"]).await;
    assert_eq!(served.whoami(access).await.code(), (401, "token_revoked"));
    assert_eq!(served.sign_in("ann").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_moves_back_to_one_file() {
    let folder = TempDir::new().expect("a folder");
    let database = Postgres::shared().database();
    add_user(folder.path(), "ann").ok();
    beside(folder.path(), &["export", "first.export"]).ok();
    carry_root_key(&folder.path().join("data"), &folder.path().join("keys"));
    over_there(folder.path(), &database, &["import", "first.export"]).ok();
    let served = serve_over_there(folder.path(), &database, 0);
    let device = served.sign_in("ann").await.body;
    let port = port_of(&served.base);
    served.running.stop();

    over_there(folder.path(), &database, &["export", "second.export"]).ok();
    let elsewhere = TempDir::new().expect("a folder");
    carry_root_key(&folder.path().join("keys"), &elsewhere.path().join("data"));
    let file = folder.path().join("second.export");
    beside(elsewhere.path(), &["import", &file.to_string_lossy()]).ok();
    let served = Served::start_at(elsewhere.path(), port);

    assert_eq!(served.whoami(device["access_token"].as_str().expect("a token")).await.status, 200);
    assert_eq!(served.refresh(&device["refresh_token"]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_and_migrate_look_at_postgresql() {
    let folder = TempDir::new().expect("a folder");
    let database = Postgres::shared().database();
    add_user(folder.path(), "ann").ok();
    carry_root_key(&folder.path().join("data"), &folder.path().join("keys"));
    let look = |arguments: &[&str]| over_there(folder.path(), &database, arguments);
    let found = |run: &Finished, check: &str| -> String {
        let findings = run.json();
        let finding = findings.as_array().expect("findings").iter().find(|finding| finding["check"] == check);
        finding.map(|finding| finding["status"].as_str().expect("a status").to_owned()).unwrap_or_default()
    };

    // An empty database is left empty by whoever only looks.
    let doctor = look(&["doctor", "--json"]);
    assert_eq!(
        (found(&doctor, "schema"), found(&doctor, "keys")),
        ("note".to_owned(), String::new()),
        "{doctor:?}"
    );
    let status = look(&["migrate", "--status", "--json"]).ok().json();
    assert_eq!(status["steps"][0]["applied_at"], Value::Null, "{status}");

    let steps = look(&["migrate", "--json"]).ok().json();
    assert!(steps["steps"][0]["applied_at"].is_string(), "{steps}");
    // Tables without keys stay so: an import takes nothing else.
    for _ in 0..2 {
        let doctor = look(&["doctor", "--json"]).ok();
        assert_eq!(found(&doctor, "keys"), "note", "{doctor:?}");
    }
    look(&["user", "add", "bob", "--email", "bob@example.org"]).ok();
    let doctor = look(&["doctor", "--json"]).ok();
    for check in ["schema", "database", "clock", "keys", "revocation log", "users", "connections", "news"] {
        assert_eq!(found(&doctor, check), "good", "{check}: {doctor:?}");
    }
}

#[test]
fn an_older_data_folder_is_told_and_not_touched() {
    let folder = TempDir::new().expect("a folder");
    add_user(folder.path(), "ann").ok();
    let migrated = beside(folder.path(), &["migrate", "--json"]).ok().json();
    assert_eq!(migrated["schema"], migrated["known"]);
    assert_eq!(beside(folder.path(), &["migrate", "--status", "--json"]).ok().json(), migrated);
}
