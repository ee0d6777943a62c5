//! The version before and this one on one database, as they are while one takes the place of the other. `cargo xtask rolling` builds the
//! version before and names it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use handstamp_e2e::binary;
use handstamp_e2e::program::{Finished, Running};
use handstamp_e2e::variable::variable;
use handstamp_testbed::Postgres;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::support::{PASSWORD, Served, free_port};

const ROOT_KEY: (&str, &str) =
    ("HANDSTAMP_ROOT_KEY", "hsroot_6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e");

fn before() -> PathBuf {
    PathBuf::from(variable("PREVIOUS_PROGRAM").expect("cargo xtask rolling names it"))
}

fn now() -> PathBuf {
    binary::handstamp().to_owned()
}

/// One installation, whatever version serves it.
struct Installation {
    folder: TempDir,
    database: String,
    public_url: String,
}

impl Installation {
    fn new() -> Self {
        let public_url = format!("http://127.0.0.1:{}", free_port());
        Self {
            folder: TempDir::new().expect("a folder"),
            database: Postgres::shared().database(),
            public_url,
        }
    }

    fn variables(&self) -> [(&str, &str); 4] {
        [
            ("HANDSTAMP_STORAGE_DATABASE_URL", &self.database),
            ("HANDSTAMP_SERVER_PUBLIC_URL", &self.public_url),
            ("HANDSTAMP_RATE_LIMITS_ADDRESS_ATTEMPTS", "100000"),
            ROOT_KEY,
        ]
    }

    fn run(&self, program: &Path, arguments: &[&str], stdin: &[u8]) -> Finished {
        Finished::of(program, self.folder.path(), arguments, &self.variables(), stdin)
    }

    fn serve(&self, program: &Path) -> Arc<Served> {
        let arguments = ["serve", "--listen", "127.0.0.1:0"];
        Arc::new(Served::of(Running::program(program, self.folder.path(), arguments, &self.variables())))
    }
}

/// A device whose requests go to one replica after the other. Every one of them is answered.
fn device(replicas: Vec<Arc<Served>>, stop: &Arc<AtomicBool>, signed_in: Value) -> JoinHandle<Value> {
    let stop = Arc::clone(stop);
    tokio::spawn(async move {
        let mut tokens = signed_in;
        let mut replicas = replicas.iter().cycle();
        while !stop.load(Ordering::SeqCst) {
            let replica = replicas.next().expect("there is one");
            let refreshed = replica.refresh(&tokens["refresh_token"]).await;
            assert_eq!(refreshed.status, 200, "{refreshed:?}");
            tokens = refreshed.body;
            let replica = replicas.next().expect("there is one");
            let access = tokens["access_token"].as_str().expect("a token");
            assert_eq!(replica.whoami(access).await.status, 200);
        }
        tokens
    })
}

/// Lets the devices go on for a while.
async fn meanwhile() {
    tokio::time::sleep(Duration::from_millis(800)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the version before this one: cargo xtask rolling"]
async fn this_version_takes_the_place_of_the_one_before_while_people_work() {
    let (before, now) = (before(), now());
    let house = Installation::new();
    let user = ["user", "add", "ann", "--email", "ann@example.org", "--password-stdin"];
    house.run(&before, &user, format!("{PASSWORD}\n").as_bytes()).ok();
    let old = house.serve(&before);
    let stop = Arc::new(AtomicBool::new(false));
    let on_the_old = device(vec![Arc::clone(&old)], &stop, old.sign_in("ann").await.body);
    let early = old.sign_in("ann").await.body;

    // The schema comes first, with nobody but the version before to serve.
    let taken = house.run(&now, &["migrate", "--json"], b"").ok().json();
    let steps = taken["steps"].as_array().expect("steps");
    assert!(steps.iter().all(|step| step["kind"] == "contract" || !step["applied_at"].is_null()), "{taken}");
    meanwhile().await;

    // Both serve, and each takes what the other gave out.
    let new = house.serve(&now);
    let on_both = device(vec![Arc::clone(&old), Arc::clone(&new)], &stop, new.sign_in("ann").await.body);
    let (by_old, by_new) = (old.sign_in("ann").await.body, new.sign_in("ann").await.body);
    assert_eq!(new.refresh(&early["refresh_token"]).await.status, 200);
    old.sign_out(&by_new["access_token"]).await;
    new.sign_out(&by_old["access_token"]).await;
    new.until_refused(&by_new["access_token"], "token_revoked").await;
    old.until_refused(&by_old["access_token"], "token_revoked").await;
    meanwhile().await;

    // One more of the version before can start, as when somebody thinks better of it.
    let again = house.serve(&before);
    assert_eq!(again.sign_in("ann").await.status, 200);
    Arc::into_inner(again).expect("nobody else has it").running.stop();

    stop.store(true, Ordering::SeqCst);
    let held = [
        on_the_old.await.expect("every request is answered"),
        on_both.await.expect("every request is answered"),
    ];
    Arc::into_inner(old).expect("nobody else has it").running.stop();
    house.run(&now, &["migrate", "--contract"], b"").ok();
    for tokens in &held {
        assert_eq!(new.refresh(&tokens["refresh_token"]).await.status, 200);
    }
}

/// The embedded store has one process at a time; an older folder is taken on as it is.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the version before this one: cargo xtask rolling"]
async fn a_data_folder_of_the_version_before_is_taken_on() {
    let folder = TempDir::new().expect("a folder");
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    let arguments = ["serve", "--data", "data", "--listen", &listen];
    let user = ["user", "add", "ann", "--email", "ann@example.org", "--password-stdin", "--data", "data"];
    Finished::of(&before(), folder.path(), user, &[], format!("{PASSWORD}\n").as_bytes()).ok();
    let old = Served::of(Running::program(&before(), folder.path(), arguments, &[]));
    let tokens = old.sign_in("ann").await.body;
    old.running.stop();

    let new = Served::of(Running::program(&now(), folder.path(), arguments, &[]));

    assert_eq!(new.whoami(tokens["access_token"].as_str().expect("a token")).await.status, 200);
    assert_eq!(new.refresh(&tokens["refresh_token"]).await.status, 200);
}
