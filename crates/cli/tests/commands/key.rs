use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::handstamp::{Run, run};

fn generate(folder: &Path) -> Run {
    run(folder, ["key", "generate-encryption", "tokens.jwk", "--json"])
}

/// What `config check` says about the file.
fn checked(folder: &TempDir) -> (Option<i32>, Value) {
    let config = "[tokens]\nencryption_key_file = \"tokens.jwk\"\n";
    fs::write(folder.path().join("handstamp.toml"), config).expect("a file");
    let run = run(folder.path(), ["config", "check", "--json"]);
    (run.code, run.json()["problems"].clone())
}

fn refused(folder: &TempDir, told: &str) {
    let (code, problems) = checked(folder);
    assert_eq!(code, Some(1));
    assert_eq!(problems[0]["key"], "tokens.encryption_key_file", "{problems}");
    assert!(
        problems[0]["message"].as_str().expect("a message").contains(told),
        "{told:?} is not in {problems}"
    );
}

/// Writes something else into the file of a key, whose permissions it keeps.
fn overwrite(folder: &TempDir, text: &str) {
    fs::write(folder.path().join("tokens.jwk"), text).expect("a file");
}

#[test]
fn an_encryption_key_is_made_for_its_owner_alone_and_can_be_used() {
    let folder = TempDir::new().expect("a folder");

    let made = generate(folder.path()).json();

    let jwk = fs::read_to_string(folder.path().join("tokens.jwk")).expect("the file");
    let jwk: Value = serde_json::from_str(&jwk).expect("a JWK");
    assert_eq!((&jwk["kid"], &jwk["use"], &jwk["crv"]), (&made["kid"], &json!("enc"), &json!("X25519")));
    assert_eq!(checked(&folder), (Some(0), json!([])));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = fs::metadata(folder.path().join("tokens.jwk")).expect("the file");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn another_curve_can_be_asked_for() {
    let folder = TempDir::new().expect("a folder");

    run(folder.path(), ["key", "generate-encryption", "tokens.jwk", "--curve", "p256"]).ok();

    let jwk = fs::read_to_string(folder.path().join("tokens.jwk")).expect("the file");
    let jwk: Value = serde_json::from_str(&jwk).expect("a JWK");
    assert_eq!(jwk["crv"], "P-256");
    assert_eq!(checked(&folder).0, Some(0));
}

/// Overwritten, it could no more read the tokens that are out.
#[test]
fn a_key_that_is_there_is_left_alone() {
    let folder = TempDir::new().expect("a folder");
    generate(folder.path()).ok();
    let first = fs::read(folder.path().join("tokens.jwk")).expect("the file");

    let again = generate(folder.path());

    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("is there already"), "{again:?}");
    assert_eq!(fs::read(folder.path().join("tokens.jwk")).expect("the file"), first);
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1, "and no draft is left");
}

#[test]
fn a_missing_key_file_names_the_command_that_makes_one() {
    let folder = TempDir::new().expect("a folder");

    refused(&folder, "handstamp key generate-encryption tokens.jwk");
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().expect("a folder");
    generate(folder.path()).ok();
    let path = folder.path().join("tokens.jwk");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("permissions");

    refused(&folder, "can be read by others (mode 644): run chmod 600 tokens.jwk");
}

#[test]
fn a_file_that_is_no_jwk_is_refused() {
    let folder = TempDir::new().expect("a folder");
    generate(folder.path()).ok();
    overwrite(&folder, "-----BEGIN PRIVATE KEY-----\n");

    refused(&folder, "expected a private JWK for encryption");
}

#[test]
fn a_public_key_is_refused() {
    let folder = TempDir::new().expect("a folder");
    generate(folder.path()).ok();
    let jwk = fs::read_to_string(folder.path().join("tokens.jwk")).expect("the file");
    let mut jwk: Value = serde_json::from_str(&jwk).expect("a JWK");
    jwk.as_object_mut().expect("an object").remove("d");
    overwrite(&folder, &jwk.to_string());

    refused(&folder, "public");
}

#[test]
fn a_key_for_signatures_is_refused() {
    let folder = TempDir::new().expect("a folder");
    generate(folder.path()).ok();
    let jwk = fs::read_to_string(folder.path().join("tokens.jwk")).expect("the file");
    overwrite(&folder, &jwk.replace("\"enc\"", "\"sig\""));

    refused(&folder, "encryption");
}

#[test]
fn a_root_key_is_written_to_its_file_and_nowhere_else() {
    let folder = TempDir::new().expect("a folder");

    let run = run(folder.path(), ["key", "generate-root", "root.key", "--json"]);

    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.json(), serde_json::json!({ "file": "root.key" }));
    assert!(!fs::read_to_string(folder.path().join("root.key")).expect("the file").is_empty());
}

#[test]
fn whoever_makes_a_root_key_is_told_to_keep_a_copy() {
    let folder = TempDir::new().expect("a folder");

    let run = run(folder.path(), ["key", "generate-root", "root.key"]);

    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run:?}");
    let key = fs::read_to_string(folder.path().join("root.key")).expect("the file");
    assert!(run.stderr.contains("Keep a copy apart from the database"), "{run:?}");
    assert!(!run.stderr.contains(key.trim()), "the key itself stays in its file");
}
