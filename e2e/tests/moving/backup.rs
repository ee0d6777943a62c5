use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::{carry_root_key, port_of};
use crate::support::{Served, add_user, beside};

/// A device that refreshes without a pause. Returns how often, and the token it has in the end.
fn busy(served: &Arc<Served>, stop: &Arc<AtomicBool>, mut token: Value) -> JoinHandle<(u32, Value)> {
    let (served, stop) = (Arc::clone(served), Arc::clone(stop));
    tokio::spawn(async move {
        let mut rotations = 0;
        while !stop.load(Ordering::SeqCst) {
            let refreshed = served.refresh(&token).await;
            assert_eq!(refreshed.status, 200, "{refreshed:?}");
            token = refreshed.body["refresh_token"].clone();
            rotations += 1;
        }
        (rotations, token)
    })
}

/// Puts a backup where a new installation belongs: the file, and the root key beside it.
fn restore(file: &Path, root_key_from: &Path, to: &Path) {
    carry_root_key(root_key_from, to);
    fs::copy(file, to.join("handstamp.db")).expect("the backup");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_under_load_is_restored_with_every_session_alive() {
    let folder = TempDir::new().expect("a folder");
    let served = Arc::new(Served::start(folder.path()));
    add_user(folder.path(), "ann").ok();
    let (quiet, over) = (served.sign_in("ann").await.body, served.sign_in("ann").await.body);
    served.sign_out(&over["access_token"]).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut devices = Vec::new();
    for _ in 0..3 {
        devices.push(busy(&served, &stop, served.sign_in("ann").await.body["refresh_token"].clone()));
    }

    let place = folder.path().to_owned();
    let copying = move || beside(&place, &["backup", "nightly.db", "--json"]).ok().json();
    let made = tokio::task::spawn_blocking(copying).await.expect("the command ends");

    // What happens after it is lost, and the devices go on for a while: their tokens are younger than what is restored.
    let late = served.sign_in("ann").await.body;
    stop.store(true, Ordering::SeqCst);
    let mut held = Vec::new();
    for device in devices {
        let (rotations, token) = device.await.expect("every refresh is answered");
        assert!(rotations > 0);
        held.push(token);
    }
    let port = port_of(&served.base);
    Arc::into_inner(served).expect("nobody else has it").running.stop();

    let elsewhere = TempDir::new().expect("a folder");
    restore(&folder.path().join("nightly.db"), &folder.path().join("data"), &elsewhere.path().join("data"));
    let served = Served::start_at(elsewhere.path(), port);

    served.until_refused(&quiet["access_token"], "token_stale").await;
    let status = beside(elsewhere.path(), &["revocation", "status", "--json"]).ok().json();
    assert_eq!(status["earlier"][0], made["log"], "it goes on from the moment of the backup: {status}");
    for token in held.iter().chain([&quiet["refresh_token"]]) {
        let refreshed = served.refresh(token).await;
        assert_eq!(refreshed.status, 200, "{refreshed:?}");
        let access = refreshed.body["access_token"].as_str().expect("a token");
        assert_eq!(served.whoami(access).await.status, 200);
    }
    assert_eq!(served.refresh(&over["refresh_token"]).await.code(), (401, "session_ended"));
    assert_eq!(served.refresh(&late["refresh_token"]).await.status, 401, "it began after the backup");
}

#[tokio::test]
async fn a_restored_backup_does_not_open_without_its_root_key() {
    let folder = TempDir::new().expect("a folder");
    add_user(folder.path(), "ann").ok();
    beside(folder.path(), &["backup", "nightly.db"]).ok();
    let (elsewhere, other) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    add_user(other.path(), "bob").ok();
    restore(&folder.path().join("nightly.db"), &other.path().join("data"), &elsewhere.path().join("data"));

    let refused = beside(elsewhere.path(), &["user", "list"]);

    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("another installation's root key"), "{refused:?}");
}

#[test]
fn a_backup_takes_the_place_of_another_only_when_told() {
    let folder = TempDir::new().expect("a folder");
    add_user(folder.path(), "ann").ok();
    let file = folder.path().join("nightly.db");
    fs::write(&file, "yesterday").expect("a file");

    let refused = beside(folder.path(), &["backup", "nightly.db"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("is there already"), "{refused:?}");
    assert_eq!(fs::read_to_string(&file).expect("a file"), "yesterday");

    let made = beside(folder.path(), &["backup", "nightly.db", "--replace", "--json"]).ok().json();
    assert_eq!(fs::metadata(&file).expect("a file").len(), made["bytes"].as_u64().expect("a number"));
    let names =
        fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(names, ["data", "nightly.db"], "no draft is left");
}

#[test]
fn a_restored_backup_that_is_moved_begins_its_new_epoch_where_it_comes_to() {
    let folder = TempDir::new().expect("a folder");
    add_user(folder.path(), "ann").ok();
    let made = beside(folder.path(), &["backup", "nightly.db", "--json"]).ok().json();
    let (restored, moved) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let key = folder.path().join("data");
    restore(&folder.path().join("nightly.db"), &key, &restored.path().join("data"));
    carry_root_key(&key, &moved.path().join("data"));

    beside(restored.path(), &["export", "all.export"]).ok();
    beside(moved.path(), &["import", &restored.path().join("all.export").to_string_lossy()]).ok();

    let status = beside(moved.path(), &["revocation", "status", "--json"]).ok().json();
    assert_eq!(
        (&status["earlier"][0], &status["went_back"]),
        (&made["log"], &Value::Bool(false)),
        "{status}"
    );
}
