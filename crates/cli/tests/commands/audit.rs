//! What `audit` asks before it attacks, and how it ends.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::dev_issuer::Issuer;
use crate::handstamp::{Run, run, run_in};

/// The test issuer tells everybody what time it is. Somebody might think that it does not.
const DESCRIPTION: &str = r#"{
    "openapi": "3.1.0",
    "paths": { "/dev/clock": { "get": { "security": [{ "bearer": [] }] } } },
    "components": { "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } } }
}"#;

fn folder() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("openapi.json"), DESCRIPTION).expect("a file");
    folder
}

fn audit(folder: &TempDir, issuer: &Issuer, more: &[&str]) -> Run {
    let address = issuer.ready["issuer"].as_str().expect("an address");
    let usual = ["audit", address, "--openapi", "openapi.json", "--dev-issuer", address, "--sub", "ada"];
    run(folder.path(), usual.iter().chain(more))
}

#[test]
fn a_host_that_is_not_this_machine_is_not_attacked_unless_somebody_says_so() {
    let folder = folder();

    let refused = run(folder.path(), ["audit", "https://api.example.org", "--openapi", "openapi.json"]);

    assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""));
    assert!(refused.stderr.contains("--allow-host api.example.org"), "{refused:?}");
}

#[test]
fn without_a_good_token_there_is_nothing_to_measure() {
    let folder = folder();

    let refused = run(folder.path(), ["audit", "http://127.0.0.1:9", "--openapi", "openapi.json"]);

    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("HANDSTAMP_AUDIT_TOKEN"), "{refused:?}");
}

#[test]
fn a_public_operation_that_is_not_there_is_a_slip() {
    let folder = folder();
    let arguments =
        ["audit", "http://127.0.0.1:9", "--openapi", "openapi.json", "--public", "GET /dev/clocks"];

    let refused = run(folder.path(), arguments);

    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("GET /dev/clock"), "{refused:?}");
}

#[test]
fn a_large_description_is_read() {
    let folder = folder();
    let large = DESCRIPTION.to_owned() + &" ".repeat(5 * 1024 * 1024);
    fs::write(folder.path().join("openapi.json"), large).expect("a file");
    let arguments = ["audit", "http://127.0.0.1:9", "--openapi", "openapi.json", "--public", "GET /x"];

    let refused = run(folder.path(), arguments);

    assert!(refused.stderr.contains("it has GET /dev/clock"), "{refused:?}");
}

#[test]
fn what_this_machine_is_asked_goes_through_no_proxy() {
    let (folder, issuer) = (folder(), Issuer::start(&["--audience", "clock"]));
    let address = issuer.ready["issuer"].as_str().expect("an address");
    // Nobody listens there.
    let proxy = [("HTTP_PROXY", "http://127.0.0.1:9"), ("http_proxy", "http://127.0.0.1:9")];

    let failed = run_in(&proxy, folder.path(), ["audit", address], "");

    assert!(failed.stderr.contains("/openapi.json answers 404"), "{failed:?}");
}

#[test]
fn nobody_to_attack_is_a_failure_and_no_pass() {
    let folder = folder();
    let token = [("HANDSTAMP_AUDIT_TOKEN", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl")];

    let failed =
        run_in(&token, folder.path(), ["audit", "http://127.0.0.1:9", "--openapi", "openapi.json"], "");

    assert_eq!((failed.code, failed.stdout.as_str()), (Some(1), ""));
    assert!(failed.stderr.contains("nobody listens at http://127.0.0.1:9"), "{failed:?}");
    assert!(!failed.stderr.contains("c2lnbmF0dXJl"), "{failed:?}");
}

#[test]
fn what_gets_in_ends_the_run_with_1_and_stands_in_every_report() {
    let (folder, issuer) = (folder(), Issuer::start(&["--audience", "clock"]));

    let found = audit(
        &folder,
        &issuer,
        &["--json", "--sarif", "a.sarif", "--junit", "a.xml", "--case", "credentials/"],
    );

    assert_eq!(found.code, Some(1));
    assert_eq!(found.json()["verdict"], "open");
    let sarif: Value =
        serde_json::from_slice(&fs::read(folder.path().join("a.sarif")).expect("a file")).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert!(results.iter().any(|result| result["ruleId"] == "credentials/none"), "{sarif}");
    let junit = fs::read_to_string(folder.path().join("a.xml")).expect("a file");
    assert!(junit.contains("<failure "), "{junit}");
}

#[test]
fn what_is_open_on_purpose_is_named_and_alone_proves_nothing() {
    let (folder, issuer) = (folder(), Issuer::start(&["--audience", "clock"]));

    let untried = audit(&folder, &issuer, &["--public", "GET /dev/clock"]);

    assert!(untried.stdout.contains("GET /dev/clock  public"), "{untried:?}");
    assert_eq!(untried.code, Some(3));
}

#[test]
fn what_could_not_be_judged_ends_the_run_with_3() {
    let (folder, issuer) = (folder(), Issuer::start(&["--audience", "clock"]));
    fs::write(folder.path().join("openapi.json"), DESCRIPTION.replace("/dev/clock", "/nowhere"))
        .expect("a file");

    let unclear = audit(&folder, &issuer, &[]);

    assert_eq!(unclear.code, Some(3));
    assert!(unclear.stdout.contains("inconclusive: a good token gets 404"), "{unclear:?}");
}

#[test]
fn keys_are_fetched_from_where_they_are_published() {
    let (folder, issuer) = (folder(), Issuer::start(&["--audience", "clock"]));
    let address = issuer.ready["issuer"].as_str().expect("an address");
    let good = issuer.post("/dev/tokens", "{}")["access_token"].as_str().expect("a token").to_owned();
    let jwks = issuer.ready["jwks_uri"].as_str().expect("an address");
    let arguments =
        ["audit", address, "--openapi", "openapi.json", "--jwks", jwks, "--case", "confusion/", "--json"];

    let found = run_in(&[("HANDSTAMP_AUDIT_TOKEN", &good)], folder.path(), arguments, "");

    assert_eq!(found.code, Some(1), "{found:?}");
    assert!(found.stdout.contains("confusion/hs256/spki-pem"), "{found:?}");
}

#[test]
fn a_token_in_the_command_line_is_refused() {
    let folder = folder();
    let arguments = ["audit", "http://127.0.0.1:9", "--header", "Authorization: Bearer secret"];

    let refused = run(folder.path(), arguments);

    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("HANDSTAMP_AUDIT_TOKEN"), "{refused:?}");
}
