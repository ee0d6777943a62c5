//! `token explain` with somebody to ask.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::dev_issuer::Issuer;
use crate::handstamp::{run, run_in};

struct Bench {
    folder: TempDir,
    issuer: Issuer,
}

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self { folder, issuer: Issuer::start(&["--audience", "orders"]) }
    }

    fn address(&self) -> &str {
        self.issuer.ready["issuer"].as_str().expect("an address")
    }

    fn token(&self, asked: &Value) -> String {
        let minted = self.issuer.post("/dev/tokens", &asked.to_string());
        minted["access_token"].as_str().expect("a token").to_owned()
    }

    fn explained(&self, token: &str, more: &[&str]) -> Value {
        let usual = ["token", "explain", "--json", token];
        run(self.folder.path(), usual.iter().chain(more)).json()
    }
}

fn result<'a>(told: &'a Value, check: &str) -> &'a Value {
    let checks = told["verdict"]["checks"].as_array().expect("checks");
    &checks.iter().find(|made| made["check"] == check).expect("the check")["result"]
}

#[test]
fn a_token_that_would_pass_is_told_as_one() {
    let bench = Bench::new();
    let token = bench.token(&json!({ "sub": "ada" }));

    let told = bench.explained(&token, &["--issuer", bench.address(), "--audience", "orders"]);

    assert_eq!((&told["verified"], &told["verdict"]["would_pass"]), (&json!(true), &json!(true)));
    assert_eq!(
        (result(&told, "signature"), result(&told, "taken_back")),
        (&json!("passed"), &json!("passed"))
    );
}

#[test]
fn a_token_that_was_taken_back_is_refused_at_last_with_the_issuers_code() {
    let bench = Bench::new();
    let (dead, stale) = (bench.token(&json!({ "sid": "s1" })), bench.token(&json!({ "sub": "ben" })));
    for revoked in
        [json!({ "level": "sid", "value": "s1" }), json!({ "level": "sub", "value": "ben", "kind": "stale" })]
    {
        bench.issuer.post("/dev/revocations", &revoked.to_string());
    }

    for (token, code) in [(dead, "token_revoked"), (stale, "token_stale")] {
        let told = bench.explained(&token, &["--issuer", bench.address()]);

        assert_eq!(
            (&told["verified"], &told["verdict"]["first_failure"]),
            (&json!(false), &json!("taken_back"))
        );
        assert!(told.to_string().contains(code), "{told}");
    }
}

#[test]
fn an_issuer_that_says_nothing_of_a_token_has_not_taken_it_back() {
    let bench = Bench::new();
    // One is for another service, and the other a machine's own: neither is asked whom it is about.
    for asked in [
        json!({ "audience": "profiles" }),
        json!({ "sub": "reports", "client_id": "reports", "without": ["sid", "auth_time", "amr"] }),
    ] {
        let token = bench.token(&asked);

        let told = bench.explained(&token, &["--issuer", bench.address()]);

        assert_eq!(
            (&told["verified"], &told["verdict"]["would_pass"]),
            (&json!(true), &json!(true)),
            "{told}"
        );
        assert_eq!(result(&told, "taken_back"), "unknown", "{told}");
    }
}

#[test]
fn a_token_for_nobody_is_explained_all_the_same() {
    let bench = Bench::new();
    for audience in [json!(""), json!([""])] {
        let token = bench.token(&json!({ "sub": "ada", "claims": { "aud": audience } }));

        let told = bench.explained(&token, &["--issuer", bench.address()]);

        assert_eq!(told["verdict"]["first_failure"], "audience", "{told}");
    }
}

#[test]
fn the_check_that_fails_first_is_named() {
    let bench = Bench::new();
    let expired = bench.token(&json!({ "sub": "ada", "expires_in": -600 }));

    let told = bench.explained(&expired, &["--issuer", bench.address(), "--audience", "orders"]);

    assert_eq!((&told["verified"], &told["verdict"]["first_failure"]), (&json!(false), &json!("time")));
    assert_eq!(
        (result(&told, "signature"), result(&told, "taken_back")),
        (&json!("passed"), &json!("not_reached"))
    );

    let told = bench.explained(&expired, &["--issuer", bench.address(), "--audience", "profiles"]);
    assert_eq!(told["verdict"]["first_failure"], "audience");
}

#[test]
fn a_token_that_would_be_refused_ends_with_1() {
    let bench = Bench::new();
    let expired = bench.token(&json!({ "sub": "ada", "expires_in": -600 }));

    for format in [&[][..], &["--json"]] {
        let arguments = ["token", "explain", &expired, "--issuer", bench.address()];
        let told = run(bench.folder.path(), arguments.iter().chain(format));

        assert_eq!((told.code, told.stderr.as_str()), (Some(1), ""), "{told:?}");
        assert!(!told.stdout.contains("Not verified"), "{told:?}");
    }
}

#[test]
fn people_are_told_in_questions() {
    let bench = Bench::new();
    let token = bench.token(&json!({ "sub": "ada" }));

    let told = run(bench.folder.path(), ["token", "explain", &token, "--issuer", bench.address()]).ok();

    // The verdict is the only one: nothing above it says that nobody verified anything.
    assert!(told.starts_with("Header\n"), "{told}");
    assert!(told.contains("\nIt would pass\n"), "{told}");
    assert!(told.contains("is it for you?"), "{told}");
    assert!(told.contains("yes: it is for orders; say who you are with --audience"), "{told}");
}

#[test]
fn a_service_that_lets_everybody_in_says_nothing_about_a_token() {
    let bench = Bench::new();
    let token = bench.token(&json!({ "sub": "ada" }));
    let service = format!("{}/dev/clock", bench.address());

    let told = bench.explained(&token, &["--service", &service]);

    assert_eq!(
        (told["service"]["status"].as_u64(), &told["service"]["open_to_everybody"]),
        (Some(200), &json!(true))
    );
}

#[test]
fn a_token_is_not_sent_where_it_could_be_read_on_the_way() {
    let bench = Bench::new();
    let token = bench.token(&json!({ "sub": "ada" }));

    let refused = run(
        bench.folder.path(),
        ["token", "explain", &token, "--service", "http://orders.example.org/orders"],
    );

    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("use https"), "{refused:?}");
}

#[test]
fn a_token_for_this_machine_is_shown_to_no_proxy() {
    let bench = Bench::new();
    let token = bench.token(&json!({ "sub": "ada" }));
    // Nobody listens at the port of tcpmux.
    let proxy = ["HTTP_PROXY", "http_proxy", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:1"));
    let whoami = format!("{}/auth/whoami", bench.address());
    let asked = ["token", "explain", "--json", &token, "--issuer", bench.address(), "--service", &whoami];

    let told = run_in(&proxy, bench.folder.path(), asked, "").json();

    assert_eq!((result(&told, "taken_back"), &told["service"]["status"]), (&json!("passed"), &json!(200)));
}

#[test]
fn an_issuer_under_another_name_is_not_believed() {
    let bench = Bench::new();
    let token = bench.token(&json!({ "sub": "ada" }));
    let other = bench.address().replace("127.0.0.1", "localhost");

    let refused = run(bench.folder.path(), ["token", "explain", &token, "--issuer", &other]);

    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("name the issuer exactly"), "{refused:?}");
}

#[test]
fn what_cannot_be_read_is_not_verified_either() {
    let bench = Bench::new();

    let told = bench.explained("notatoken", &["--issuer", bench.address()]);

    assert_eq!((&told["verified"], &told["verdict"]["first_failure"]), (&json!(false), &json!("form")));
}

#[test]
fn an_encrypted_token_is_judged_by_nobody_without_its_key() {
    let bench = Bench::new();
    let encrypted = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA";

    let told = run(bench.folder.path(), ["token", "explain", encrypted, "--issuer", bench.address()]);

    assert_eq!((told.code, told.stdout.as_str()), (Some(1), ""), "{told:?}");
    assert!(told.stderr.contains("the token is encrypted"), "{told:?}");
}

#[test]
fn a_services_answer_verifies_nothing() {
    let bench = Bench::new();
    let token = bench.token(&json!({ "sub": "ada" }));
    let service = format!("{}/dev/clock", bench.address());

    let told = run(bench.folder.path(), ["token", "explain", &token, "--service", &service]).ok();

    assert!(told.starts_with("Not verified; in time\n"), "{told}");
    assert_eq!(bench.explained(&token, &["--service", &service])["verified"], false);
}
