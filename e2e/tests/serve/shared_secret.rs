use std::fs;
use std::path::Path;
use std::time::Duration;

use handstamp_e2e::program::Running;
use handstamp_token::{Algorithm, KeySet, VerifyingKey};
use handstamp_verify::Verifier;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Served, add_user, beside};

const SECRET: &str = "s9Zr1Jt0Ywq4Kc7Nn2Vb5Xe8Mh3Lg6Pd";

fn configure(folder: &Path, secrets: &str) {
    let config = "[tokens]\nalgorithm = \"HS256\"\nsecret_file = \"tokens.secret\"\n";
    fs::write(folder.join("handstamp.toml"), config).expect("a file");
    write_secret(&folder.join("tokens.secret"), secrets);
}

fn write_secret(path: &Path, text: &str) {
    fs::write(path, text).expect("a file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("permissions");
    }
}

/// What a service does that was handed the secret, and follows nothing else.
fn service(issuer: &str) -> Verifier {
    let key = VerifyingKey::from_secret(Algorithm::Hs256, SECRET.as_bytes()).expect("it can be used");
    Verifier::builder(issuer)
        .audience(issuer)
        .algorithms(&[Algorithm::Hs256])
        .without_revocations()
        .build_with_keys(KeySet::new([key]).expect("one key"))
        .expect("it is complete")
}

#[tokio::test]
async fn a_service_with_the_secret_verifies_tokens_and_the_key_set_is_empty() {
    let folder = TempDir::new().expect("a folder");
    configure(folder.path(), SECRET);
    add_user(folder.path(), "ann").ok();
    let served = Served::start(folder.path());

    let tokens = served.sign_in("ann").await;

    let token = tokens.body["access_token"].as_str().expect("a token");
    let caller = service(&served.base).try_verify(token).expect("it has the secret");
    assert_eq!(caller.preferred_username(), Some("ann"));
    assert_eq!(served.whoami(token).await.status, 200);
    let client =
        reqwest::Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().expect("a client");
    let jwks = client.get(format!("{}/.well-known/jwks.json", served.base)).send().await.expect("a reply");
    assert_eq!(jwks.json::<serde_json::Value>().await.expect("JSON"), json!({ "keys": [] }));
    let listed = beside(folder.path(), &["key", "list", "--json"]).ok();
    assert_eq!((&listed.json()[0]["alg"], &listed.json()[0]["state"]), (&json!("HS256"), &json!("active")));
    assert!(!listed.stdout.contains(SECRET));
    let found = beside(folder.path(), &["doctor", "--json"]).ok().json();
    let keys = found.as_array().expect("findings").iter().find(|finding| finding["check"] == "keys");
    assert_eq!(keys.expect("a finding")["status"], "note", "{found}");
    let refused = beside(folder.path(), &["key", "rotate"]);
    assert!(refused.stderr.contains("put a new one before it there"), "{refused:?}");
}

#[tokio::test]
async fn a_secret_in_the_environment_does_as_well() {
    let folder = TempDir::new().expect("a folder");
    let variables = [("HANDSTAMP_TOKENS_ALGORITHM", "HS256"), ("HANDSTAMP_TOKENS_SECRET", SECRET)];
    let arguments = ["serve", "--data", "data", "--listen", "127.0.0.1:0"];
    let served = Served::of(Running::start_with(folder.path(), arguments, &variables));
    add_user(folder.path(), "ann").ok();

    let tokens = served.sign_in("ann").await;

    let token = tokens.body["access_token"].as_str().expect("a token");
    service(&served.base).try_verify(token).expect("it has the secret");
}
