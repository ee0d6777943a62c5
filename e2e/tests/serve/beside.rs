use handstamp_e2e::program::run;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{PASSWORD, Served, add_user, beside};

#[tokio::test]
async fn a_user_added_beside_a_running_service_signs_in() {
    let folder = TempDir::new().expect("a folder");
    let served = Served::start(folder.path());
    assert_eq!(served.sign_in("ann").await.code(), (401, "invalid_credentials"));

    let added = add_user(folder.path(), "ann").ok();

    assert_eq!(added.json()["username"], "ann");
    assert!(!added.stdout.contains(PASSWORD), "a password that was given is not repeated");
    let tokens = served.sign_in("ann@example.org").await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
}

#[tokio::test]
async fn a_password_that_was_drawn_is_shown_once_and_works() {
    let folder = TempDir::new().expect("a folder");
    let added = beside(folder.path(), &["user", "add", "ann", "--email", "ann@example.org", "--json"]).ok();
    let password = added.json()["password"].clone();
    let served = Served::start(folder.path());

    let signed_in = served
        .post("/auth/sign-in", &json!({ "login": "ann", "password": password, "delivery": "body" }))
        .await;

    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    assert!(
        !beside(folder.path(), &["user", "show", "ann"])
            .ok()
            .stdout
            .contains(password.as_str().expect("text"))
    );
}

#[tokio::test]
async fn new_roles_and_a_new_organisation_are_in_the_next_token() {
    let folder = TempDir::new().expect("a folder");
    let served = Served::start(folder.path());
    add_user(folder.path(), "ann").ok();
    let tokens = served.sign_in("ann").await;

    beside(folder.path(), &["org", "add", "acme"]).ok();
    beside(folder.path(), &["user", "set-org", "ann", "acme"]).ok();
    beside(folder.path(), &["user", "set-roles", "ann", "buyer", "admin"]).ok();

    let refreshed = served.refresh(&tokens.body["refresh_token"]).await;
    let whoami = served.whoami(refreshed.body["access_token"].as_str().expect("a token")).await;
    assert_eq!(whoami.body["org_id"], "acme");
    assert_eq!(whoami.body["roles"], json!(["admin", "buyer"]));
}

#[tokio::test]
async fn a_disabled_user_is_out_and_an_enabled_one_signs_in_again() {
    let folder = TempDir::new().expect("a folder");
    let served = Served::start(folder.path());
    add_user(folder.path(), "ann").ok();
    let tokens = served.sign_in("ann").await;

    beside(folder.path(), &["user", "disable", "ann"]).ok();

    assert_eq!(served.refresh(&tokens.body["refresh_token"]).await.status, 401);
    assert_eq!(served.sign_in("ann").await.code(), (403, "account_disabled"));
    beside(folder.path(), &["user", "enable", "ann"]).ok();
    assert_eq!(served.sign_in("ann").await.status, 200);
}

#[tokio::test]
async fn a_user_is_signed_out_of_every_device() {
    let folder = TempDir::new().expect("a folder");
    let served = Served::start(folder.path());
    add_user(folder.path(), "ann").ok();
    let tokens = served.sign_in("ann").await;
    served.sign_in("ann").await;
    let sessions = beside(folder.path(), &["user", "sessions", "ann", "--json"]).ok();
    assert_eq!(sessions.json().as_array().map(Vec::len), Some(2));

    let revoked = beside(folder.path(), &["user", "revoke", "ann"]).ok();

    assert_eq!(revoked.stdout, "2 sessions of ann ended.\n");
    assert_eq!(served.refresh(&tokens.body["refresh_token"]).await.code(), (401, "session_ended"));
}

#[tokio::test]
async fn a_rotated_key_signs_nobody_out() {
    let folder = TempDir::new().expect("a folder");
    let served = Served::start(folder.path());
    add_user(folder.path(), "ann").ok();
    let tokens = served.sign_in("ann").await;

    let rotated = beside(folder.path(), &["key", "rotate", "--now", "--force", "--json"]).ok();

    assert_eq!(rotated.json()["switched"], true);
    let keys = beside(folder.path(), &["key", "list", "--json"]).ok();
    let states: Vec<_> =
        keys.json().as_array().expect("keys").iter().map(|key| key["state"].clone()).collect();
    assert!(states.contains(&json!("retired")) && states.contains(&json!("active")), "{states:?}");
    assert_eq!(served.whoami(tokens.body["access_token"].as_str().expect("a token")).await.status, 200);
}

#[tokio::test]
async fn a_token_of_the_running_service_is_verified_by_its_published_keys() {
    let folder = TempDir::new().expect("a folder");
    let served = Served::start(folder.path());
    add_user(folder.path(), "ann").ok();
    let tokens = served.sign_in("ann").await;
    let token = tokens.body["access_token"].as_str().expect("a token");
    let jwks = format!("{}/.well-known/jwks.json", served.base);
    let arguments =
        ["token", "verify", "--jwks", &jwks, "--issuer", &served.base, "--audience", &served.base, token];

    // The keys are fetched by a client that blocks this thread, from a service that does not need it.
    let verified = run(folder.path(), arguments).ok();

    assert_eq!(verified.json()["preferred_username"], "ann");
}

#[test]
fn a_client_secret_is_shown_once() {
    let folder = TempDir::new().expect("a folder");

    let added = beside(
        folder.path(),
        &["client", "add", "reports", "--scope", "orders:read", "--audience", "orders", "--json"],
    )
    .ok();

    let secret = added.json()["client_secret"].as_str().expect("a secret").to_owned();
    assert!(secret.starts_with("hcs_"));
    let listed = beside(folder.path(), &["client", "list", "--json"]).ok();
    assert_eq!(listed.json()[0]["client_id"], "reports");
    assert!(!listed.stdout.contains(&secret));
    beside(folder.path(), &["client", "remove", "reports"]).ok();
    assert_eq!(beside(folder.path(), &["client", "remove", "reports"]).code, Some(1));
}

#[test]
fn what_clashes_is_one_sentence() {
    let folder = TempDir::new().expect("a folder");
    add_user(folder.path(), "ann").ok();

    let twice = add_user(folder.path(), "Ann");
    assert_eq!(
        (twice.code, twice.stderr.as_str()),
        (Some(1), "error: cannot add ann: the user name is taken\n")
    );
    let nobody = beside(folder.path(), &["user", "disable", "eve"]);
    assert!(nobody.stderr.starts_with("error: there is no user \"eve\""), "{nobody:?}");
    let nowhere = beside(folder.path(), &["user", "set-org", "ann", "acme"]);
    assert_eq!(nowhere.stderr, "error: cannot move ann: the organisation does not exist\n");
}

#[test]
fn a_weak_password_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let arguments =
        ["user", "add", "ann", "--email", "ann@example.org", "--password-stdin", "--data", "data"];

    let refused = handstamp_e2e::program::run_with_stdin(folder.path(), arguments, b"password\n");

    assert_eq!(refused.code, Some(1));
    assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
}

#[test]
fn what_cannot_be_a_name_is_wrong_usage() {
    let folder = TempDir::new().expect("a folder");

    assert_eq!(beside(folder.path(), &["user", "add", "a b", "--email", "ann@example.org"]).code, Some(2));
    assert_eq!(beside(folder.path(), &["user", "add", "ann", "--email", "nowhere"]).code, Some(2));
    assert_eq!(beside(folder.path(), &["org", "add", "ACME"]).code, Some(2));
}

#[test]
fn the_doctor_looks_after_a_running_service() {
    let folder = TempDir::new().expect("a folder");
    add_user(folder.path(), "ann").ok();

    let found = beside(folder.path(), &["doctor", "--json"]);

    assert_eq!(found.code, Some(0), "{found:?}");
    let checks = found.json();
    let database = checks.as_array().expect("checks").iter().find(|check| check["check"] == "database");
    assert_eq!(database.map(|check| &check["status"]), Some(&json!("good")), "{checks}");
}
