//! A thousand browsers with many tabs, two processes on one database, and a power cut: nobody is signed out.
//!
//! The times that refresh rests on are shortened, so that a rotation is due after seconds. The proof that they may be any length is
//! the model in the core crate; here the real binary, the real database and the real network have to keep to it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use handstamp_e2e::program::Running;
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{PASSWORD, add_user, beside, free_port};

const SESSIONS: usize = 1_000;
const RACERS: usize = 20;
/// Sessions that are refreshed at the same time, each by all its racers.
const SESSIONS_AT_ONCE: usize = 8;

/// Refresh times in the configuration's words, and how long it takes until a rotation is due.
const TIMES: [(&str, &str); 4] = [
    ("HANDSTAMP_SESSIONS_REFRESH_GRACE", "5s"),
    ("HANDSTAMP_SESSIONS_REFRESH_CLIENT_TIMEOUT", "2s"),
    ("HANDSTAMP_SESSIONS_REFRESH_SERVICE_TIMEOUT", "2s"),
    ("HANDSTAMP_SERVER_REQUEST_TIMEOUT", "2s"),
];
const UNTIL_DUE: Duration = Duration::from_secs(7);

/// Two processes on one database, and the client that talks to both.
struct Pair {
    first: Running,
    second: Option<Running>,
    addresses: [String; 2],
    http: Client,
}

/// So often a sign-in is tried.
const TRIES: u32 = 40;

/// What one refresh brought.
enum Outcome {
    /// A refresh token to go on with.
    Token(String),
    /// Still signed in, nothing new to keep.
    Keep,
    /// The process was gone before it answered: the client tries again.
    Cut,
}

impl Pair {
    fn start(folder: &Path) -> Self {
        let port = free_port();
        let mut first = serve(folder, port);
        let mut second = serve(folder, port);
        let addresses = [first.address(), second.address()];
        let http = Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().expect("a client");
        Self { first, second: Some(second), addresses, http }
    }

    /// Signs in. Like a person does, it tries again where a machine with much to do puts it off: the storm is about what comes after.
    async fn sign_in(&self) -> String {
        let body = json!({ "login": "ann", "password": PASSWORD, "delivery": "body" });
        for _ in 0..TRIES {
            let request = self.http.post(format!("{}/auth/sign-in", self.addresses[0])).json(&body);
            let reply = request.send().await.expect("a reply");
            if reply.status().as_u16() != 503 {
                let body: Value = reply.json().await.expect("JSON");
                return body["refresh_token"]
                    .as_str()
                    .unwrap_or_else(|| panic!("no token: {body}"))
                    .to_owned();
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("nobody could sign in for {TRIES} tries");
    }

    async fn refresh(&self, process: usize, token: &str) -> Outcome {
        let body = json!({ "refresh_token": token });
        let request = self.http.post(format!("{}/auth/refresh", self.addresses[process])).json(&body);
        let Ok(reply) = request.send().await else { return Outcome::Cut };
        let status = reply.status().as_u16();
        let Ok(body) = reply.json::<Value>().await else { return Outcome::Cut };
        assert_eq!(status, 200, "somebody was turned away: {body}");
        assert!(body["access_token"].is_string(), "{body}");
        body["refresh_token"].as_str().map_or(Outcome::Keep, |token| Outcome::Token(token.to_owned()))
    }

    /// Refreshes one session as its racers do, and returns the token the browser then holds.
    async fn race(&self, token: String) -> String {
        let racers = (0..RACERS).map(|racer| self.refresh_until_answered(racer % 2, &token));
        let outcomes = futures_util::future::join_all(racers).await;
        let successors: BTreeSet<String> =
            outcomes.into_iter().flatten().filter(|new| *new != token).collect();
        assert!(successors.len() <= 1, "racers of one session got different tokens");
        successors.into_iter().next().unwrap_or(token)
    }

    async fn refresh_until_answered(&self, process: usize, token: &str) -> Option<String> {
        match self.refresh(process, token).await {
            Outcome::Token(token) => Some(token),
            Outcome::Keep => None,
            Outcome::Cut => match self.refresh(0, token).await {
                Outcome::Token(token) => Some(token),
                Outcome::Keep => None,
                Outcome::Cut => panic!("the process that was left alone did not answer"),
            },
        }
    }

    async fn storm(&self, tokens: Vec<String>) -> Vec<String> {
        stream::iter(tokens).map(|token| self.race(token)).buffered(SESSIONS_AT_ONCE).collect().await
    }
}

fn serve(folder: &Path, port: u16) -> Running {
    let url = format!("http://localhost:{port}");
    let mut variables = TIMES.to_vec();
    variables.extend([
        ("HANDSTAMP_SERVER_PUBLIC_URL", url.as_str()),
        ("HANDSTAMP_STORAGE_SHARE", "true"),
        // A thousand sign-ins from one address are the arrangement here, not an attack.
        ("HANDSTAMP_RATE_LIMITS_ACCOUNT_ATTEMPTS", "100000"),
        ("HANDSTAMP_RATE_LIMITS_ADDRESS_ATTEMPTS", "100000"),
    ]);
    Running::start_with(folder, ["serve", "--data", "data", "--listen", "127.0.0.1:0"], &variables)
}

fn changed(before: &[String], after: &[String]) -> usize {
    before.iter().zip(after).filter(|(before, after)| before != after).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_refreshes_over_two_processes_signs_nobody_out_even_when_one_is_killed() {
    let folder = TempDir::new().expect("a folder");
    add_user(folder.path(), "ann").ok();
    let mut pair = Pair::start(folder.path());
    let tokens: Vec<String> =
        stream::iter(0..SESSIONS).map(|_| pair.sign_in()).buffer_unordered(4).collect().await;

    // Twenty racers a session, a rotation due.
    tokio::time::sleep(UNTIL_DUE).await;
    let after_storm = pair.storm(tokens.clone()).await;
    assert_eq!(changed(&tokens, &after_storm), SESSIONS, "every session was rotated");

    // Once more, and one process is killed in the middle.
    tokio::time::sleep(UNTIL_DUE).await;
    let second = pair.second.take().expect("it runs");
    let killer = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_secs(2));
        second.kill();
    });
    let after_kill = pair.storm(after_storm.clone()).await;
    killer.await.expect("the killer comes back");
    assert_eq!(changed(&after_storm, &after_kill), SESSIONS, "every session was rotated");

    // Everybody goes on, and nothing was taken for a theft.
    for token in &after_kill {
        assert!(!matches!(pair.refresh(0, token).await, Outcome::Cut));
    }
    let shown = beside(folder.path(), &["user", "sessions", "ann", "--json"]).ok().json();
    assert_eq!(shown.as_array().map(Vec::len), Some(SESSIONS), "sessions that are still alive");
    assert!(pair.first.stop().success());
}

/// A power cut takes back what the disk had not seen yet: here all rotations since a copy of the database was made.
#[tokio::test]
async fn rotations_that_a_power_cut_takes_back_sign_nobody_out() {
    let folder = TempDir::new().expect("a folder");
    add_user(folder.path(), "ann").ok();
    let pair = Pair::start(folder.path());
    let tokens: Vec<String> = stream::iter(0..40).then(|_| pair.sign_in()).collect().await;
    let Pair { first, second, .. } = pair;
    assert!(first.stop().success());
    assert!(second.expect("it runs").stop().success());
    copy(&folder.path().join("data"), &folder.path().join("before"));

    let pair = Pair::start(folder.path());
    tokio::time::sleep(UNTIL_DUE).await;
    let rotated = pair.storm(tokens.clone()).await;
    assert_eq!(changed(&tokens, &rotated), tokens.len());
    let Pair { first, second, .. } = pair;
    first.kill();
    second.expect("it runs").kill();
    std::fs::remove_dir_all(folder.path().join("data")).expect("the folder goes");
    std::fs::rename(folder.path().join("before"), folder.path().join("data"))
        .expect("the copy takes its place");

    let pair = Pair::start(folder.path());
    for token in &rotated {
        assert!(!matches!(pair.refresh(0, token).await, Outcome::Cut));
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a new folder");
    std::fs::set_permissions(to, std::fs::metadata(from).expect("it is there").permissions()).expect("ours");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}
