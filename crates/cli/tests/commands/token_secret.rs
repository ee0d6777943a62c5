use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::handstamp::run_in;

const SECRET: &str = "s9Zr1Jt0Ywq4Kc7Nn2Vb5Xe8Mh3Lg6Pd";
const IN_A_FILE: &str = "[tokens]\nalgorithm = \"HS256\"\nsecret_file = \"tokens.secret\"\n";

/// A folder with a configuration, and with a file of secrets if there are some.
fn folder(config: &str, secrets: Option<&str>) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("handstamp.toml"), config).expect("a file");
    if let Some(secrets) = secrets {
        let path = folder.path().join("tokens.secret");
        fs::write(&path, secrets).expect("a file");
        #[cfg(unix)]
        set_mode(&path, 0o600);
    }
    folder
}

#[cfg(unix)]
fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}

/// What `config check` finds.
fn problems(folder: &TempDir, variables: &[(&str, &str)]) -> Vec<Value> {
    let run = run_in(variables, folder.path(), ["config", "check", "--json"], "");
    assert!(!run.stdout.contains(SECRET) && !run.stderr.contains(SECRET), "{run:?}");
    run.json()["problems"].as_array().expect("problems").clone()
}

fn refused(folder: &TempDir, variables: &[(&str, &str)], told: &str) {
    let problems = problems(folder, variables);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0]["key"], "tokens.secret_file");
    assert!(
        problems[0]["message"].as_str().expect("a message").contains(told),
        "{told:?} is not in {problems:?}"
    );
}

#[test]
fn a_file_with_a_drawn_secret_can_be_used() {
    assert!(problems(&folder(IN_A_FILE, Some(SECRET)), &[]).is_empty());
}

#[test]
fn a_variable_with_a_drawn_secret_can_be_used() {
    let folder = folder("[tokens]\nalgorithm = \"HS256\"\n", None);
    assert!(problems(&folder, &[("HANDSTAMP_TOKENS_SECRET", SECRET)]).is_empty());
}

#[test]
fn an_algorithm_with_a_secret_needs_one() {
    let told =
        "HS256 signs with a secret: name its file in tokens.secret_file, or set HANDSTAMP_TOKENS_SECRET";
    refused(&folder("[tokens]\nalgorithm = \"HS256\"\n", None), &[], told);
}

#[test]
fn two_places_for_a_secret_are_one_too_many() {
    let told = "tokens.secret_file and HANDSTAMP_TOKENS_SECRET both name the token secret";
    refused(&folder(IN_A_FILE, Some(SECRET)), &[("HANDSTAMP_TOKENS_SECRET", SECRET)], told);
}

#[test]
fn a_missing_file_comes_with_the_command_that_makes_one() {
    refused(&folder(IN_A_FILE, None), &[], "openssl rand -base64 48 > tokens.secret");
}

#[test]
fn a_secret_below_32_bytes_is_refused() {
    let told = "the token secret tokens.secret cannot be used for HS256: secret 1";
    refused(&folder(IN_A_FILE, Some(&SECRET[..31])), &[], told);
}

#[test]
fn a_secret_that_others_know_is_refused() {
    refused(&folder(IN_A_FILE, Some("a-string-secret-at-least-256-bits-long")), &[], "secret 1");
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_refused() {
    let folder = folder(IN_A_FILE, Some(SECRET));
    set_mode(&folder.path().join("tokens.secret"), 0o640);
    refused(&folder, &[], "can be read by others (mode 640): run chmod 600 tokens.secret");
}

#[test]
fn a_secret_that_nothing_is_signed_with_is_refused() {
    let folder = folder("[tokens]\nsecret_file = \"tokens.secret\"\n", Some(SECRET));
    refused(&folder, &[], "ES256 signs with a key pair that the service makes by itself");
}

#[test]
fn a_secret_is_never_shown() {
    let folder = folder(IN_A_FILE, Some(SECRET));
    let shown = run_in(&[], folder.path(), ["config", "show"], "").ok();
    assert!(shown.contains("secret_file = \"tokens.secret\"") && !shown.contains(SECRET), "{shown}");
}
