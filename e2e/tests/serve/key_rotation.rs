//! Keys take turns under load, with two processes on one database and two services that verify for themselves, and nobody notices.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use handstamp_e2e::program::Running;
use handstamp_token::{Algorithm, KeySet};
use handstamp_verify::revocation::{Feed, FeedAccess, SilencePolicy};
use handstamp_verify::{SharedKeys, Verifier, VerifierBuilder};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{PASSWORD, add_user, beside, free_port};

/// Far more than it takes; a loaded machine is slow.
const PATIENCE: Duration = Duration::from_secs(40);

/// As short as it may be.
const KEYS: &str = "[keys]\npublish_ahead = \"3s\"\n";

/// Two processes on one database, as their clients see them.
struct Pair {
    addresses: [String; 2],
    issuer: String,
    http: Client,
}

impl Pair {
    /// Starts both, with more settings. They end with what is returned beside them.
    fn start(folder: &Path, settings: &str) -> (Self, [Running; 2]) {
        let issuer = format!("http://localhost:{}", free_port());
        // In the file, where commands beside the service find it.
        let config = format!(
            "[server]\npublic_url = \"{issuer}\"\n[storage]\nshare = true\n\
             [revocation]\nsubscribers = \"open\"\n{settings}\n"
        );
        fs::write(folder.join("handstamp.toml"), config).expect("a file");
        let start = || Running::start(folder, ["serve", "--data", "data", "--listen", "127.0.0.1:0"]);
        let mut running = [start(), start()];
        let addresses = running.each_mut().map(Running::address);
        let http = Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        (Self { addresses, issuer, http }, running)
    }

    async fn post(&self, process: usize, path: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.addresses[process])).json(&body);
        let reply = request.send().await.expect("a reply");
        let status = reply.status().as_u16();
        let body = reply.json().await.expect("JSON");
        assert_eq!(status, 200, "{body}");
        body
    }

    async fn sign_in(&self) -> String {
        let credentials = json!({ "login": "ann", "password": PASSWORD, "delivery": "body" });
        text(&self.post(0, "/auth/sign-in", credentials).await, "refresh_token")
    }

    /// Returns a fresh access token, minted just now, and the refresh token to go on with.
    async fn refresh(&self, process: usize, refresh: String) -> (String, String) {
        let body = self.post(process, "/auth/refresh", json!({ "refresh_token": refresh })).await;
        let next = body["refresh_token"].as_str().map(str::to_owned);
        (text(&body, "access_token"), next.unwrap_or(refresh))
    }

    /// Returns the published key set of a process.
    async fn key_set(&self, process: usize) -> KeySet {
        let url = format!("{}/.well-known/jwks.json", self.addresses[process]);
        let jwks = self.http.get(url).send().await.expect("a reply").bytes().await.expect("a body");
        KeySet::from_jwks_json(&jwks).expect("a key set").0
    }

    /// Starts a service that follows the feed and says what it holds.
    fn service(&self, feed_at: usize) -> VerifierBuilder {
        let url = format!("{}/revocations", self.addresses[feed_at]).parse().expect("a URL");
        let feed = Feed::builder(&self.issuer, FeedAccess::Open).url(url);
        Verifier::builder(&self.issuer)
            .audience("orders")
            .algorithms(&[Algorithm::Es256])
            .jwks_uri(format!("{}/.well-known/jwks.json", self.addresses[feed_at]))
            // Nothing is mended by asking for a key that is unknown: it has to be there before.
            .unknown_key_cooldown(Duration::from_hours(1))
            .follow_revocations(feed, SilencePolicy::refuse())
    }
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("no {name}: {body}")).to_owned()
}

/// Returns the key of access tokens that is in this state, as `key list` shows it.
fn key(folder: &Path, state: &str) -> Value {
    let keys = beside(folder, &["key", "list", "--json"]).ok().json();
    let is_meant = |key: &&Value| key["purpose"] == "access_token" && key["state"] == state;
    keys.as_array().expect("keys").iter().find(is_meant).expect("there is one").clone()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "{what} within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Refreshes without a pause, at both processes, and shows each token to both services.
async fn load(pair: Arc<Pair>, services: [Verifier; 2], stop: Arc<AtomicBool>, shown: Arc<AtomicUsize>) {
    let mut refresh = pair.sign_in().await;
    while !stop.load(Ordering::Relaxed) {
        for process in 0..2 {
            let (token, next) = pair.refresh(process, refresh).await;
            refresh = next;
            for service in &services {
                service
                    .verify(&token)
                    .await
                    .unwrap_or_else(|error| panic!("a good token was refused: {error:?}"));
                shown.fetch_add(1, Ordering::Relaxed);
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_rotated_and_revoked_under_load_and_no_service_is_left_behind() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path();
    add_user(path, "ann").ok();
    let (pair, _running) =
        Pair::start(path, &format!("{KEYS}rotate_every = \"never\"\n[tokens]\naudiences = [\"orders\"]"));
    let pair = Arc::new(pair);
    // One service asks for the keys every second; the other asks when this story says so.
    let quick = pair.service(0).refresh_interval(Duration::from_secs(1)).build_remote().expect("a service");
    let held = SharedKeys::new(pair.key_set(1).await);
    let slow = pair.service(1).build_with_keys(held.clone()).expect("a service");
    let token = {
        let refresh = pair.sign_in().await;
        pair.refresh(0, refresh).await.0
    };
    for service in [&quick, &slow] {
        until("both services take a token", async || service.verify(&token).await.is_ok()).await;
    }
    let (stop, shown) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let services = [quick.clone(), slow.clone()];
    let load = tokio::spawn(load(Arc::clone(&pair), services, Arc::clone(&stop), Arc::clone(&shown)));

    for round in 0..3 {
        let (before, coming) = (key(path, "active")["kid"].clone(), key(path, "next")["kid"].clone());
        beside(path, &["key", "rotate", "--json"]).ok();
        if round > 0 {
            // The slow service does not hold the key that was published with the last switch.
            until("the slow service is known to be behind", async || {
                key(path, "next")["behind"].as_array().is_some_and(|behind| behind.len() == 1)
            })
            .await;
            tokio::time::sleep(Duration::from_secs(5)).await;
            assert_eq!(key(path, "active")["kid"], before, "a service would have been left behind");
            let refused = beside(path, &["key", "rotate", "--now"]);
            assert_eq!(refused.code, Some(1), "{refused:?}");
            assert!(refused.stderr.contains("1 of the services that report"), "{refused:?}");
            // Once, and before the switch: what is published with the switch is what it shall not hold in the next round.
            held.replace(pair.key_set(1).await);
        }
        until("the key takes over", async || key(path, "active")["kid"] == coming).await;
    }

    // What comes next is published by the process that switched; the other one loads it within a second.
    until("both services hold the key that comes next", async || {
        held.replace(pair.key_set(1).await);
        key(path, "next")["held_by"] == 2
    })
    .await;
    // Every process by itself hears of the leak, whichever the command ran beside.
    let leaked = key(path, "active")["kid"].as_str().expect("a kid").to_owned();
    let is_under_the_active_key = async || {
        let (token, _) = pair.refresh(1, pair.sign_in().await).await;
        (quick.verify(&token).await.is_ok(), token)
    };
    let (good, token) = is_under_the_active_key().await;
    assert!(good);
    stop.store(true, Ordering::Relaxed);
    load.await.expect("no request has failed");
    assert!(shown.load(Ordering::Relaxed) > 100, "{shown:?} tokens were shown");

    // By a process of its own, so that only the log can tell the service. The command is done when the log holds the leak.
    let (told, command) = (Instant::now(), beside(path, &["key", "revoke", &leaked]).ok());
    let revoked = Instant::now();
    assert!(command.stdout.contains(&leaked), "{command:?}");
    while quick.verify(&token).await.is_ok() || slow.verify(&token).await.is_ok() {
        assert!(revoked.elapsed() < PATIENCE, "the leaked key is still taken");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!(
        "revoked by a command of {:?}; both services refused {:?} after its end",
        revoked - told,
        revoked.elapsed()
    );
    for process in 0..2 {
        let set = pair.key_set(process).await;
        assert!(set.find(&leaked).is_none(), "it is published no longer");
        let (token, _) = pair.refresh(process, pair.sign_in().await).await;
        for service in [&quick, &slow] {
            service
                .verify(&token)
                .await
                .unwrap_or_else(|error| panic!("a good token was refused: {error:?}"));
        }
    }
}

#[tokio::test]
async fn keys_take_turns_by_schedule_and_each_switch_is_made_by_one_process() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path();
    add_user(path, "ann").ok();
    let settings = format!(
        "{KEYS}rotate_every = \"4s\"
[tokens]
lifetime = \"4s\"
audiences = [\"orders\"]"
    );
    let (pair, _running) = Pair::start(path, &settings);
    let service = pair.service(0).refresh_interval(Duration::from_secs(1)).build_remote().expect("a service");
    let mut refresh = pair.sign_in().await;
    let mut seen = vec![key(path, "active")["kid"].clone()];
    let deadline = Instant::now() + PATIENCE;

    while seen.len() < 4 {
        assert!(Instant::now() < deadline, "only {} keys have signed", seen.len());
        let (token, next) = pair.refresh(seen.len() % 2, refresh).await;
        refresh = next;
        until("the token is taken", async || service.verify(&token).await.is_ok()).await;
        let active = key(path, "active")["kid"].clone();
        if !seen.contains(&active) {
            seen.push(active);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let keys = beside(path, &["key", "list", "--json"]).ok().json();
    let states = |state: &str| {
        let keys = keys.as_array().expect("keys").iter();
        keys.filter(|key| key["purpose"] == "access_token" && key["state"] == state).count()
    };
    assert_eq!((states("active"), states("next")), (1, 1), "{keys}");
}
