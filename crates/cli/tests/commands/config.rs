use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::handstamp::{run, run_in};

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

    let url = ("HANDSTAMP_STORAGE_DATABASE_URL", "postgres://u:hunter2@db/x");
    let shown = run_in(&[url], folder.path(), ["config", "show"], "").ok();

    assert!(shown.contains("postgres://u:redacted@db/x") && !shown.contains("hunter2"), "{shown}");
}

/// Every user of the machine can read it there, and a shell keeps it.
#[test]
fn a_password_on_the_command_line_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let check = |url: &str| run(folder.path(), ["config", "check", "--database-url", url]);

    let refused = check("postgres://u:hunter2@db/x");

    assert_eq!(refused.code, Some(1));
    let place = "HANDSTAMP_STORAGE_DATABASE_URL (--database-url)";
    assert!(refused.stdout.contains(place) && !refused.stdout.contains("hunter2"), "{refused:?}");
    check("postgres://u@db/x").ok();
}

#[test]
fn the_schema_describes_every_section() {
    let folder = TempDir::new().expect("a folder");

    let schema = run(folder.path(), ["config", "schema"]).json();

    for section in ["server", "storage", "cookies", "tokens", "sessions", "passwords", "log"] {
        assert!(schema["properties"][section].is_object(), "{section}");
    }
}

/// Returns what is wrong with these settings, as pairs of a key and a message.
fn problems(folder: &TempDir, file: &str) -> Vec<(String, String)> {
    fs::write(folder.path().join("handstamp.toml"), file).expect("a file");
    let checked = run(folder.path(), ["config", "check", "--json"]);
    let told = checked.json();
    assert_eq!(checked.code, Some(i32::from(told["ok"] == false)), "{checked:?}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let problems = told["problems"].as_array().expect("problems").iter();
    problems.map(|problem| (text(&problem["key"]), text(&problem["message"]))).collect()
}

#[test]
fn certificates_are_read_wherever_they_are_shown() {
    let folder = TempDir::new().expect("a folder");
    run(folder.path(), ["cert", "dev", "--out", "good"]).ok();
    run(folder.path(), ["cert", "dev", "--out", "other"]).ok();
    let pair = |certificate: &str, key: &str| {
        format!("certificate_file = \"{certificate}/server.pem\"\nkey_file = \"{key}/server.key\"\n")
    };
    let file = |server: &str, envoys: &str, gateway: &str| {
        format!(
            "[server.tls]\n{server}[ext_authz.tls]\n{envoys}[gateway]\nauth = \"http://127.0.0.1:8600\"\n[gateway.tls]\n{gateway}"
        )
    };
    let good = pair("good", "good");

    assert_eq!(problems(&folder, &file(&good, &good, &good)), []);
    let wrong =
        problems(&folder, &file(&pair("good", "other"), &pair("nowhere", "good"), &pair("good", "nowhere")));

    let keys: Vec<_> = wrong.iter().map(|(key, _)| key.as_str()).collect();
    let sections = ["server", "ext_authz", "gateway"];
    assert_eq!(keys, sections.map(|section| format!("{section}.tls.certificate_file")), "{wrong:?}");
    for ((_, message), part) in wrong.iter().zip(["another certificate", "cannot read", "is missing"]) {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn the_gateways_secret_has_to_be_there() {
    let folder = TempDir::new().expect("a folder");
    let file = "[gateway]\nauth = \"http://127.0.0.1:8600\"\nclient_id = \"gateway\"\n";

    let missing = problems(&folder, file);
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0].0, "gateway.client_secret_file");
    let named = format!("{file}client_secret_file = \"gateway.secret\"\n");
    assert!(problems(&folder, &named)[0].1.contains("gateway.secret is missing"));

    let secret = [("HANDSTAMP_GATEWAY_CLIENT_SECRET", "hcs_x")];
    fs::write(folder.path().join("handstamp.toml"), file).expect("a file");
    assert_eq!(run_in(&secret, folder.path(), ["config", "check"], "").code, Some(0));
}
