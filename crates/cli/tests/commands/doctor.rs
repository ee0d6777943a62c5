//! `doctor` on an embedded database.

use std::fs;
use std::path::Path;

use handstamp_core::store::Store;
use handstamp_store_sqlite::{OpenMode, SqliteStore};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::handstamp::{Run, run, run_in};

/// Where the data are unless somebody says otherwise.
const DATA: &str = "handstamp-data";

/// Makes a data folder with a root key and a database of tables alone.
fn without_keys() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let data = folder.path().join(DATA);
    fs::create_dir(&data).expect("a data folder");
    run(folder.path(), ["key", "generate-root", "handstamp-data/root.key"]).ok();
    let (runtime, store) = (runtime(), open(&data));
    runtime.block_on(store.close()).expect("the store closes");
    folder
}

fn keys(data: &Path) -> usize {
    let (runtime, store) = (runtime(), open(data));
    let keys = runtime.block_on(store.keys()).expect("keys");
    runtime.block_on(store.close()).expect("the store closes");
    keys.len()
}

fn open(data: &Path) -> SqliteStore {
    SqliteStore::open(data, OpenMode::Command).expect("the store opens")
}

fn runtime() -> Runtime {
    Runtime::new().expect("a runtime")
}

fn finding(run: &Run, check: &str) -> Value {
    let findings = run.json();
    let mut findings = findings.as_array().expect("findings").iter();
    findings.find(|finding| finding["check"] == check).cloned().unwrap_or_default()
}

fn detail(run: &Run, check: &str) -> String {
    finding(run, check)["detail"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_database_without_keys_stays_without_keys() {
    let folder = without_keys();

    let doctor = run(folder.path(), ["doctor", "--json"]);

    assert_eq!(doctor.code, Some(0), "{doctor:?}");
    assert_eq!(finding(&doctor, "keys")["status"], "note", "{doctor:?}");
    assert_eq!(finding(&doctor, "users")["status"], "note", "{doctor:?}");
    assert_eq!(keys(&folder.path().join(DATA)), 0);
}

#[test]
fn a_question_to_a_database_without_keys_makes_none() {
    let folder = without_keys();
    run(folder.path(), ["export", "all.export"]).ok();

    for question in
        [&["user", "list"][..], &["key", "list"], &["client", "list", "--json"], &["revocation", "status"]]
    {
        let refused = run(folder.path(), question);

        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused:?}");
        assert!(refused.stderr.contains("the database is empty"), "{refused:?}");
    }

    assert_eq!(keys(&folder.path().join(DATA)), 0);
    run(folder.path(), ["import", "all.export"]).ok();
}

#[test]
fn a_database_with_keys_is_opened_with_the_root_key() {
    let folder = without_keys();
    run(folder.path(), ["org", "add", "acme"]).ok();

    let doctor = run(folder.path(), ["doctor", "--json"]);

    assert_eq!(finding(&doctor, "database")["status"], "good", "{doctor:?}");
    assert_eq!(finding(&doctor, "keys")["status"], "good", "{doctor:?}");

    fs::remove_file(folder.path().join("handstamp-data/root.key")).expect("the root key");
    run(folder.path(), ["key", "generate-root", "handstamp-data/root.key"]).ok();
    let doctor = run(folder.path(), ["doctor", "--json"]);
    assert_eq!(finding(&doctor, "database")["status"], "bad", "{doctor:?}");
}

#[test]
fn without_its_root_key_a_database_is_looked_into_but_for_its_keys() {
    let folder = without_keys();
    run(folder.path(), ["org", "add", "acme"]).ok();
    fs::remove_file(folder.path().join("handstamp-data/root.key")).expect("the root key");

    let doctor = run(folder.path(), ["doctor", "--json"]);

    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert_eq!(finding(&doctor, "database")["status"], "bad", "{doctor:?}");
    assert!(detail(&doctor, "not looked at").starts_with("keys: "), "{doctor:?}");
    assert_eq!(finding(&doctor, "clock")["status"], "good", "{doctor:?}");
    assert_eq!(finding(&doctor, "revocation log")["status"], "good", "{doctor:?}");
    assert_eq!(finding(&doctor, "users")["status"], "note", "{doctor:?}");
}

#[test]
fn what_is_not_looked_at_is_said_with_the_reason() {
    let folder = TempDir::new().expect("a temporary folder");

    let nothing_there = run(folder.path(), ["doctor", "--json"]);
    let no_settings = run_in(&[("HANDSTAMP_SERVER_LISTEN", "x")], folder.path(), ["doctor", "--json"], "");

    let told = detail(&nothing_there, "not looked at");
    assert_eq!(told, "keys, clock, revocation log, users: there is no database to look into");
    assert_eq!(nothing_there.code, Some(0), "{nothing_there:?}");
    assert_eq!(detail(&no_settings, "not looked at"), "everything else: it goes by the settings");
    assert_eq!(no_settings.code, Some(1), "{no_settings:?}");
}

#[test]
fn a_database_without_keys_is_asked_for_all_that_a_start_reads() {
    let folder = without_keys();
    let secret = [("HANDSTAMP_TOKENS_ALGORITHM", "HS256"), ("HANDSTAMP_TOKENS_SECRET_FILE", "nowhere")];

    let ready = run(folder.path(), ["doctor", "--json"]);
    let no_secret = run_in(&secret, folder.path(), ["doctor", "--json"], "");

    assert!(detail(&ready, "keys").contains("nothing shows whether this root key opens them"), "{ready:?}");
    assert_eq!(finding(&no_secret, "database")["status"], "bad", "{no_secret:?}");
    assert!(detail(&no_secret, "database").contains("nowhere"), "{no_secret:?}");
}

#[test]
fn an_import_into_what_is_in_use_says_where_to_import() {
    let folder = without_keys();
    run(folder.path(), ["export", "all.export"]).ok();
    run(folder.path(), ["org", "add", "acme"]).ok();

    let refused = run(folder.path(), ["import", "all.export"]);

    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("the store is not empty: it has ") && refused.stderr.contains("new folder"),
        "{refused:?}"
    );
}

#[test]
fn a_service_that_does_not_answer_is_told_with_the_root_of_it() {
    let folder = without_keys();

    // Nobody listens at the port of tcpmux.
    let nowhere = [("HANDSTAMP_SERVER_PUBLIC_URL", "http://127.0.0.1:1")];
    let doctor = run_in(&nowhere, folder.path(), ["doctor", "--json"], "");

    assert!(
        detail(&doctor, "service").contains("http://127.0.0.1:1/health/ready: Connection refused"),
        "{doctor:?}"
    );
}
