//! Machine clients of the configuration file, beside those that commands add.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::handstamp::{Run, run, run_in};

const SECRET: &str = "Yq0ZzQ8m1v7l0tqGkq1mXnC4w2r6uJ3s";
const VARIABLE: &str = "HANDSTAMP_CLIENTS_REPORTS_SECRET";

/// Returns a folder with this configuration.
fn folder(configuration: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("handstamp.toml"), configuration).expect("a file");
    folder
}

fn write_secret(folder: &Path, text: &str) {
    let file = folder.join("reports.secret");
    fs::write(&file, text).expect("a file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
    }
}

fn check(folder: &Path, environment: &[(&str, &str)]) -> Run {
    run_in(environment, folder, ["config", "check"], "")
}

const BY_FILE: &str = "[clients.reports]\nsecret_file = \"reports.secret\"\nscopes = [\"orders:read\"]\naudiences = [\"orders\"]\n";

#[test]
fn a_client_is_listed_with_where_it_is_from() {
    let folder = folder(BY_FILE);
    run(folder.path(), ["client", "add", "alpha"]).ok();

    let table = run(folder.path(), ["client", "list"]).ok();
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[1], ["alpha", "command", "secret", "-", "-"]);
    // The secret is read by the service alone.
    assert_eq!(lines[2], ["reports", "configuration", "secret", "orders:read", "orders"]);

    let listed = run(folder.path(), ["client", "list", "--json"]).json();
    assert_eq!((&listed[0]["from"], &listed[1]["from"]), (&"command".into(), &"configuration".into()));
    assert_eq!((&listed[1]["hides_another"], listed[1]["created_at"].is_null()), (&false.into(), true));
}

#[test]
fn a_client_of_the_file_is_changed_in_the_file_alone() {
    let folder = folder(BY_FILE);
    run(folder.path(), ["client", "add", "another"]).ok();
    for command in ["add", "remove"] {
        let refused = run(folder.path(), ["client", command, "reports"]);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(
            refused.stderr.contains("the client stands in the configuration file: change it there"),
            "{refused:?}"
        );
    }
}

#[test]
fn a_client_that_was_added_before_is_named_and_can_be_removed() {
    let folder = folder("");
    run(folder.path(), ["client", "add", "reports"]).ok();
    fs::write(folder.path().join("handstamp.toml"), BY_FILE).expect("a file");

    let listed = run(folder.path(), ["client", "list"]);
    assert!(listed.stderr.contains("`handstamp client remove reports` removes that one"), "{listed:?}");
    let removed = run(folder.path(), ["client", "remove", "reports"]).ok();
    assert!(removed.contains("The one in the configuration file stays."), "{removed}");
    assert_eq!(run(folder.path(), ["client", "list"]).stderr, "");
}

#[test]
fn a_secret_in_a_file_or_in_a_variable_can_be_used() {
    let folder = folder(BY_FILE);
    write_secret(folder.path(), &format!("{SECRET}\n"));
    check(folder.path(), &[]).ok();
    fs::write(folder.path().join("handstamp.toml"), "[clients.reports]\n").expect("a file");
    check(folder.path(), &[(VARIABLE, SECRET)]).ok();
}

#[test]
fn a_client_that_cannot_prove_who_it_is_is_refused_at_start() {
    let folder = folder("[clients.reports]\n");
    let refused = check(folder.path(), &[]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stdout.contains("clients.reports does not say how it proves who it is"), "{refused:?}");
    assert!(refused.stdout.contains(VARIABLE), "{refused:?}");
}

#[test]
fn two_ways_to_prove_it_are_refused() {
    let folder = folder(BY_FILE);
    write_secret(folder.path(), SECRET);
    let refused = check(folder.path(), &[(VARIABLE, SECRET)]);
    assert!(refused.stdout.contains("leave one of them out"), "{refused:?}");
    assert!(!refused.stdout.contains(SECRET), "{refused:?}");
}

#[test]
fn a_secret_that_is_missing_too_short_or_open_to_others_is_refused() {
    let folder = folder(BY_FILE);
    let refused = check(folder.path(), &[]);
    assert!(refused.stdout.contains("reports.secret is missing"), "{refused:?}");
    assert!(refused.stdout.contains("openssl rand"), "{refused:?}");

    write_secret(folder.path(), "short");
    let refused = check(folder.path(), &[]);
    assert!(refused.stdout.contains("the secret of reports in reports.secret cannot be used"), "{refused:?}");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        write_secret(folder.path(), SECRET);
        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(folder.path().join("reports.secret"), open).expect("it is ours");
        let refused = check(folder.path(), &[]);
        assert!(refused.stdout.contains("can be read by others"), "{refused:?}");
    }
}

#[test]
fn a_public_key_takes_the_place_of_a_secret() {
    let folder = folder("[clients.reports]\npublic_key_file = \"reports.jwk\"\n");
    let refused = check(folder.path(), &[]);
    assert!(refused.stdout.contains("the public key of the client reports"), "{refused:?}");

    let jwk = r#"{"kty":"EC","crv":"P-256","alg":"ES256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;
    fs::write(folder.path().join("reports.jwk"), jwk).expect("a file");
    check(folder.path(), &[]).ok();
    let listed = run(folder.path(), ["client", "list", "--json"]);
    assert_eq!(listed.code, Some(1), "there is no database yet: {listed:?}");
    run(folder.path(), ["client", "add", "alpha"]).ok();
    let listed = run(folder.path(), ["client", "list", "--json"]).json();
    assert_eq!(listed[1]["authenticates_by"], "key");
}
