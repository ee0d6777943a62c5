use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::handstamp::run;

#[test]
fn the_defaults_can_be_used() {
    let folder = TempDir::new().expect("a folder");

    let checked = run(folder.path(), ["config", "check", "--json"]);

    assert_eq!(checked.code, Some(0));
    assert_eq!(checked.json()["ok"], true);
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let folder = TempDir::new().expect("a folder");
    let file = "[tokens]\nlifetime = \"soon\"\n[sesions]\n[server]\nmax_body = \"big\"\n";
    fs::write(folder.path().join("handstamp.toml"), file).expect("a file");

    let checked = run(folder.path(), ["config", "check", "--json"]);

    assert_eq!(checked.code, Some(1));
    let told = checked.json();
    let places: Vec<_> =
        told["problems"].as_array().expect("problems").iter().map(|p| p["place"].clone()).collect();
    for line in [2, 3, 5] {
        let place = Value::from(format!("handstamp.toml line {line}"));
        assert!(places.contains(&place), "{place} is not in {told}");
    }
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let folder = TempDir::new().expect("a folder");

    let checked = run(folder.path(), ["config", "check", "--config", "nowhere.toml"]);

    assert_eq!(checked.code, Some(1));
    assert!(checked.stderr.starts_with("error: cannot read the configuration nowhere.toml"), "{checked:?}");
}

#[test]
fn what_is_shown_can_be_read_back() {
    let folder = TempDir::new().expect("a folder");
    let shown = run(folder.path(), ["config", "show", "--data", "elsewhere"]).ok();
    fs::write(folder.path().join("handstamp.toml"), &shown).expect("a file");

    let again = run(folder.path(), ["config", "show", "--json"]).json();

    assert_eq!(again["storage"]["data"], "elsewhere");
    assert_eq!(again["tokens"]["lifetime"], "10m");
}

#[test]
fn a_database_password_is_never_shown() {
    let folder = TempDir::new().expect("a folder");

    let shown = run(folder.path(), ["config", "show", "--database-url", "postgres://u:hunter2@db/x"]).ok();

    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn the_schema_describes_every_section() {
    let folder = TempDir::new().expect("a folder");

    let schema = run(folder.path(), ["config", "schema"]).json();

    for section in ["server", "storage", "cookies", "tokens", "sessions", "passwords", "log"] {
        assert!(schema["properties"][section].is_object(), "{section}");
    }
}
