use std::fs;
use std::path::Path;

use handstamp_token::{Algorithm, Jwks, SigningKey};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::handstamp::{Run, run, run_with_stdin};

const NOW: &str = "1760000000";

/// A folder with a private key, its public half, and a token made with it.
struct Bench {
    folder: TempDir,
    token: String,
}

impl Bench {
    fn new(algorithm: Algorithm) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let key = SigningKey::generate(algorithm).expect("a key");
        fs::write(folder.path().join("key.der"), key.to_private_der().as_slice()).expect("a file");
        let jwks = Jwks { keys: key.verifying_key().to_jwk().into_iter().collect() };
        fs::write(folder.path().join("jwks.json"), serde_json::to_vec(&jwks).expect("JSON")).expect("a file");
        let token = sign(folder.path(), &["--alg", algorithm.name()], &claims()).ok().trim().to_owned();
        Self { folder, token }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn verify(&self, more: &[&str], token: &str) -> Run {
        let usual = [
            "token",
            "verify",
            "--jwks",
            "jwks.json",
            "--issuer",
            "https://auth.example",
            "--audience",
            "orders",
        ];
        run(self.path(), usual.iter().chain(more).chain([&token]))
    }
}

fn claims() -> Value {
    json!({ "iss": "https://auth.example", "aud": "orders", "sub": "ann", "client_id": "web" })
}

fn sign(folder: &Path, more: &[&str], claims: &Value) -> Run {
    let usual = ["token", "sign", "--key", "key.der", "--claims", "-", "--now", NOW];
    run_with_stdin(folder, usual.iter().chain(more), &claims.to_string())
}

#[test]
fn what_sign_makes_verify_takes() {
    for algorithm in
        [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es384]
    {
        let bench = Bench::new(algorithm);

        let verified = bench.verify(&["--now", NOW], &bench.token);

        assert_eq!(verified.code, Some(0), "{algorithm}: {verified:?}");
        let claims = verified.json();
        assert_eq!(claims["sub"], "ann");
        assert_eq!(claims["exp"], 1_760_000_600);
        assert_eq!(verified.stderr, "", "quiet when piped");
    }
}

#[test]
fn a_token_may_come_from_stdin() {
    let bench = Bench::new(Algorithm::Es256);
    let arguments = [
        "token",
        "verify",
        "--jwks",
        "jwks.json",
        "--issuer",
        "https://auth.example",
        "--audience",
        "orders",
        "--now",
        NOW,
        "-",
    ];

    let verified = run_with_stdin(bench.path(), arguments, &format!("{}\n", bench.token));

    assert_eq!(verified.json()["sub"], "ann");
}

#[test]
fn the_lifetime_reads_like_english() {
    let bench = Bench::new(Algorithm::Es256);

    let token = sign(bench.path(), &["--expires-in", "2 days"], &claims()).ok();

    let decoded = run(bench.path(), ["token", "decode", token.trim()]).json();
    assert_eq!(decoded["claims"]["exp"], 1_760_000_000 + 172_800);
    assert_eq!(decoded["header"]["typ"], "at+jwt");
}

#[test]
fn an_expired_token_is_refused_and_leeway_is_granted() {
    let bench = Bench::new(Algorithm::Es256);

    assert_eq!(
        bench.verify(&["--now", "1760000605", "--leeway", "0s"], &bench.token).refused(),
        "token_expired"
    );
    assert_eq!(bench.verify(&["--now", "1760000605", "--leeway", "30s"], &bench.token).code, Some(0));
}

#[test]
fn a_token_for_somebody_else_is_refused() {
    let bench = Bench::new(Algorithm::Es256);
    let arguments = [
        "token",
        "verify",
        "--jwks",
        "jwks.json",
        "--issuer",
        "https://auth.example",
        "--audience",
        "billing",
        "--now",
        NOW,
        &bench.token,
    ];

    assert_eq!(run(bench.path(), arguments).refused(), "token_wrong_audience");
}

#[test]
fn a_token_of_another_issuer_is_refused() {
    let bench = Bench::new(Algorithm::Es256);
    let arguments = [
        "token",
        "verify",
        "--jwks",
        "jwks.json",
        "--issuer",
        "https://auth.example/",
        "--audience",
        "orders",
        "--now",
        NOW,
        &bench.token,
    ];

    assert_eq!(run(bench.path(), arguments).refused(), "token_wrong_issuer");
}

#[test]
fn an_algorithm_that_is_not_asked_for_is_refused() {
    let bench = Bench::new(Algorithm::Es256);

    assert_eq!(
        bench.verify(&["--now", NOW, "--alg", "EdDSA"], &bench.token).refused(),
        "token_algorithm_refused"
    );
}

#[test]
fn a_changed_token_is_refused() {
    let bench = Bench::new(Algorithm::Es256);
    let (signed, signature) = bench.token.rsplit_once('.').expect("three parts");
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{signed}.{first}{}", &signature[1..]);

    assert_eq!(bench.verify(&["--now", NOW], &forged).refused(), "token_bad_signature");
}

#[test]
fn what_is_no_token_is_refused() {
    let bench = Bench::new(Algorithm::Es256);

    assert_eq!(bench.verify(&["--now", NOW], "hello").refused(), "token_malformed");
}

#[test]
fn keys_that_cannot_be_read_are_a_verdict_too() {
    let bench = Bench::new(Algorithm::Es256);
    fs::write(bench.path().join("jwks.json"), "{").expect("a file");

    let refused = bench.verify(&["--now", NOW], &bench.token);

    assert_eq!(refused.refused(), "unavailable");
    assert_eq!(refused.stderr.lines().count(), 1);
}

#[test]
fn verification_names_issuer_and_audience_or_is_wrong_usage() {
    let bench = Bench::new(Algorithm::Es256);

    assert_eq!(run(bench.path(), ["token", "verify", "--jwks", "jwks.json", &bench.token]).code, Some(2));
}

#[test]
fn the_signature_layer_alone_prints_the_payload_as_it_is() {
    let bench = Bench::new(Algorithm::Es256);

    let verified = run(bench.path(), ["token", "verify", "--jws-only", "--jwks", "jwks.json", &bench.token]);

    let payload = verified.ok();
    assert!(
        payload.starts_with('{') && payload.ends_with('}'),
        "the very bytes, without a line feed: {payload:?}"
    );
    assert_eq!(serde_json::from_str::<Value>(&payload).expect("JSON")["sub"], "ann");
}

#[test]
fn a_shared_secret_signs_and_verifies_from_a_file() {
    let bench = Bench::new(Algorithm::Es256);
    let secret = json!({ "kty": "oct", "alg": "HS256", "k": "hK2nX9wQ4rT7yU1iO3pA6sD8fG5jL0zX_cVbNmQwErU" });
    fs::write(bench.path().join("secret.jwk"), secret.to_string()).expect("a file");
    let arguments = ["token", "sign", "--key", "secret.jwk", "--claims", "-", "--now", NOW];
    let token = run_with_stdin(bench.path(), arguments, &claims().to_string()).ok();

    let arguments = [
        "token",
        "verify",
        "--jwks",
        "secret.jwk",
        "--issuer",
        "https://auth.example",
        "--audience",
        "orders",
        "--now",
        NOW,
        token.trim(),
    ];

    assert_eq!(run(bench.path(), arguments).json()["sub"], "ann");
}

#[test]
fn a_token_without_a_lifetime_gets_ten_minutes() {
    let bench = Bench::new(Algorithm::Es256);

    let decoded = run(bench.path(), ["token", "decode", &bench.token]).json();

    assert_eq!(decoded["claims"]["iat"], 1_760_000_000);
    assert_eq!(decoded["claims"]["exp"], 1_760_000_600);
    assert!(decoded["claims"]["jti"].as_str().is_some_and(|jti| jti.len() == 22), "{decoded}");
}

#[test]
fn two_lifetimes_contradict_each_other() {
    let bench = Bench::new(Algorithm::Es256);
    let mut claims = claims();
    claims["exp"] = 1_760_000_001.into();

    let run = sign(bench.path(), &["--expires-in", "10m"], &claims);

    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("--expires-in"), "{run:?}");
}

#[test]
fn claims_that_are_no_object_are_refused() {
    let bench = Bench::new(Algorithm::Es256);

    let run = sign(bench.path(), &[], &json!(["not", "claims"]));

    assert_eq!(run.code, Some(1));
    assert_eq!(run.stdout, "");
}

#[test]
fn decode_says_that_nothing_was_verified_only_to_people() {
    let bench = Bench::new(Algorithm::Es256);

    let decoded = run(bench.path(), ["token", "decode", &bench.token]);

    assert_eq!(decoded.stderr, "");
    assert_eq!(decoded.json()["claims"]["iss"], "https://auth.example");
}

#[test]
fn explain_turns_times_into_words() {
    let bench = Bench::new(Algorithm::Es256);

    let words = run(bench.path(), ["token", "explain", "--now", "1760000030", &bench.token]).ok();

    assert!(words.contains("in 9 min 30 s"), "{words}");
    assert!(words.starts_with("Not verified; in time"), "{words}");
    assert!(!words.contains('\u{1b}'), "no colour in a pipe");
}

#[test]
fn explain_says_the_same_to_machines() {
    let bench = Bench::new(Algorithm::Es256);

    let told = run(bench.path(), ["token", "explain", "--json", "--now", "1760000601", &bench.token]).json();

    assert_eq!(told["verified"], false);
    assert_eq!(told["state"], "expired");
}

#[test]
fn a_refresh_token_is_recognised_and_not_repeated() {
    let folder = TempDir::new().expect("a temporary folder");

    let run = run(folder.path(), ["token", "explain", "hsr_c2VjcmV0"]);

    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("refresh token") && !run.stderr.contains("c2VjcmV0"), "{run:?}");
}
