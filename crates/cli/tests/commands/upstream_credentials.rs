use std::fs;
use std::path::Path;

use handstamp_token::{Algorithm, SigningKey};
use serde_json::Value;
use tempfile::TempDir;

use crate::handstamp::run_in;

const SECRET: &str = "a-secret-of-ours";
const VARIABLE: &str = "HANDSTAMP_UPSTREAMS_CORP_CLIENT_SECRET";

/// A folder with an upstream that is configured with these lines, and these files that nobody else can read.
fn folder(lines: &str, files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let config =
        format!("[upstreams.corp]\nissuer = \"https://id.example\"\nclient_id = \"handstamp\"\n{lines}");
    fs::write(folder.path().join("handstamp.toml"), config).expect("a file");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        set_mode(&path, 0o600);
    }
    folder
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

/// What `config check` finds.
fn problems(folder: &TempDir, variables: &[(&str, &str)]) -> Vec<Value> {
    let run = run_in(variables, folder.path(), ["config", "check", "--json"], "");
    assert!(!run.stdout.contains(SECRET) && !run.stderr.contains(SECRET), "{run:?}");
    run.json()["problems"].as_array().expect("problems").clone()
}

#[track_caller]
fn refused(folder: &TempDir, variables: &[(&str, &str)], told: &str) {
    let problems = problems(folder, variables);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0]["key"], "upstreams");
    let message = problems[0]["message"].as_str().expect("a message");
    assert!(message.contains(told), "{told:?} is not in {message:?}");
}

/// A key of this algorithm as a PEM file.
fn pem(algorithm: Algorithm) -> String {
    let der = SigningKey::generate(algorithm).expect("a key").to_private_der();
    let lines = base64_simd::STANDARD.encode_to_string(&*der);
    format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n")
}

const IN_A_FILE: &str = "client_secret_file = \"corp.secret\"\n";
const WITH_A_KEY: &str = "client_auth = \"private_key_jwt\"\nprivate_key_file = \"corp.key\"\n";

#[test]
fn a_secret_in_a_file_or_in_a_variable_can_be_used() {
    assert!(problems(&folder(IN_A_FILE, &[("corp.secret", SECRET)]), &[]).is_empty());
    assert!(problems(&folder("", &[]), &[(VARIABLE, SECRET)]).is_empty());
}

#[test]
fn an_upstream_that_asks_for_a_secret_needs_one() {
    refused(
        &folder("", &[]),
        &[],
        "name its file in upstreams.corp.client_secret_file, or set HANDSTAMP_UPSTREAMS_CORP_CLIENT_SECRET",
    );
    refused(&folder(IN_A_FILE, &[]), &[], "there is no file corp.secret");
}

#[test]
fn a_client_that_shows_nothing_needs_nothing() {
    assert!(problems(&folder("client_auth = \"none\"\n", &[]), &[]).is_empty());
}

#[test]
fn a_file_and_a_variable_at_once_are_refused() {
    refused(&folder(IN_A_FILE, &[("corp.secret", SECRET)]), &[(VARIABLE, SECRET)], "leave one of them out");
}

#[test]
fn an_empty_secret_is_none() {
    refused(&folder(IN_A_FILE, &[("corp.secret", " \n")]), &[], "is empty: corp.secret");
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_refused() {
    let folder = folder(IN_A_FILE, &[("corp.secret", SECRET)]);
    set_mode(&folder.path().join("corp.secret"), 0o644);

    refused(&folder, &[], "can be read by others (mode 644)");
}

#[test]
fn a_secret_of_an_upstream_that_there_is_not_is_refused() {
    let variables = [(VARIABLE, SECRET), ("HANDSTAMP_UPSTREAMS_CROP_CLIENT_SECRET", SECRET)];

    refused(
        &folder("", &[]),
        &variables,
        "HANDSTAMP_UPSTREAMS_CROP_CLIENT_SECRET belongs to no upstream: they are corp",
    );
}

#[test]
fn a_key_of_every_kind_of_pair_can_be_used() {
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa, Algorithm::Rs256] {
        let folder = folder(WITH_A_KEY, &[("corp.key", &pem(algorithm))]);
        assert!(problems(&folder, &[]).is_empty(), "{algorithm}");
    }
}

#[test]
fn what_is_no_key_is_refused() {
    refused(&folder(WITH_A_KEY, &[("corp.key", "not a key")]), &[], "expected a private JWK or PEM");
    refused(&folder(WITH_A_KEY, &[("corp.key", "{\"kty\":\"EC\"}")]), &[], "expected a private JWK or PEM");
    refused(&folder(WITH_A_KEY, &[]), &[], "there is no file corp.key");
}

#[test]
fn a_shared_secret_is_no_key_pair() {
    let secret = "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"czlacjFKdDBZd3E0S2M3Tm4yVmI1WGU4TWgzTGc2UGQ\"}";

    refused(&folder(WITH_A_KEY, &[("corp.key", secret)]), &[], "is a shared secret");
}

#[test]
fn what_is_shown_holds_no_secret() {
    let shown = run_in(&[(VARIABLE, SECRET)], folder("", &[]).path(), ["config", "show"], "").ok();

    assert!(shown.contains("[upstreams.corp]") && !shown.contains(SECRET), "{shown}");
}
