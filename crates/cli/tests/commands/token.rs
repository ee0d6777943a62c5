use std::fs;
use std::path::Path;

use handstamp_token::{Algorithm, Jwks, SigningKey};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::handstamp::{Run, run, run_in, run_with_stdin};

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
fn a_token_is_taken_as_it_is() {
    let bench = Bench::new(Algorithm::Es256);

    for changed in [format!("{} ", bench.token), format!(" {}", bench.token), format!("{}\n", bench.token)] {
        assert_ne!(bench.verify(&["--now", NOW], &changed).code, Some(0), "{changed:?}");
    }
}

#[test]
fn stdin_may_end_its_line_once() {
    let bench = Bench::new(Algorithm::Es256);
    let verify = |text: String| {
        let usual = ["--jwks", "jwks.json", "--issuer", "https://auth.example", "--audience", "orders"];
        let arguments = ["token", "verify", "--now", NOW, "-"].into_iter().chain(usual);
        run_with_stdin(bench.path(), arguments, &text).code
    };

    assert_eq!(verify(format!("{}\r\n", bench.token)), Some(0));
    assert_eq!(verify(format!("{}\n\n", bench.token)), Some(1));
    assert_eq!(verify(format!("{} \n", bench.token)), Some(1));
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
fn without_leeway_a_token_is_dead_the_second_it_expires() {
    let bench = Bench::new(Algorithm::Es256);

    assert_eq!(bench.verify(&["--now", "1760000599"], &bench.token).code, Some(0));
    assert_eq!(bench.verify(&["--now", "1760000600"], &bench.token).refused(), "token_expired");
}

#[test]
fn a_leeway_that_would_be_cut_is_wrong_usage() {
    let bench = Bench::new(Algorithm::Es256);

    let most = bench.verify(&["--now", "1760000899", "--leeway", "5m"], &bench.token);
    let more = bench.verify(&["--now", NOW, "--leeway", "301s"], &bench.token);

    assert_eq!(most.code, Some(0), "{most:?}");
    assert_eq!(more.code, Some(2), "{more:?}");
    assert!(more.stderr.contains("at most 5m is a leeway"), "{more:?}");
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
fn what_is_no_token_needs_no_keys_to_be_refused() {
    let bench = Bench::new(Algorithm::Es256);
    fs::remove_file(bench.path().join("jwks.json")).expect("a file");

    assert_eq!(bench.verify(&["--now", NOW], "hello").refused(), "token_malformed");
}

/// Signs with one of the token crate's keys and verifies with its public half, in a form of its own.
fn verify_with_file(key: &str, public: &[u8], more: &[&str]) -> Run {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("key.der"), key_file(&format!("{key}.pkcs8.pem"))).expect("a file");
    fs::write(folder.path().join("public"), public).expect("a file");
    let token = sign(folder.path(), &[], &claims()).ok();
    let usual = ["--jwks", "public", "--issuer", "https://auth.example", "--audience", "orders"];
    let arguments = ["token", "verify", "--now", NOW, token.trim()];
    run(folder.path(), arguments.iter().chain(&usual).chain(more))
}

fn key_file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../token/tests/keys");
    fs::read(folder.join(name)).expect("a key of the token crate")
}

fn der(pem: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(pem).expect("PEM is text");
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    base64_simd::STANDARD.decode_to_vec(body).expect("base64")
}

#[test]
fn a_public_key_that_fits_one_algorithm_need_not_name_it() {
    for key in ["ec-p256", "ec-p384", "ec-p521", "ed25519"] {
        for form in ["spki", "certificate"] {
            if (key, form) == ("ec-p521", "certificate") {
                continue;
            }
            let pem = key_file(&format!("{key}.{form}.pem"));

            for public in [der(&pem), pem] {
                let verified = verify_with_file(key, &public, &[]);

                assert_eq!(verified.code, Some(0), "{key}.{form}: {verified:?}");
            }
        }
    }
}

#[test]
fn a_private_key_file_verifies_by_its_public_half() {
    let pem = key_file("ec-p256.pkcs8.pem");

    for private in [der(&pem), pem] {
        assert_eq!(verify_with_file("ec-p256", &private, &[]).code, Some(0));
    }
}

#[test]
fn a_key_file_is_never_a_shared_secret() {
    for form in ["pkcs8", "spki"] {
        let key = der(&key_file(&format!("ec-p256.{form}.pem")));

        assert_eq!(verify_with_file("ec-p256", &key, &["--alg", "HS256"]).refused(), "unavailable");
    }
}

#[test]
fn an_rsa_key_fits_several_algorithms_and_asks_for_one() {
    let pem = key_file("rsa.spki.pem");

    let refused = verify_with_file("rsa", &pem, &[]);

    assert_eq!(refused.refused(), "unavailable");
    assert!(refused.stderr.contains("--alg"), "{refused:?}");
    assert_eq!(verify_with_file("rsa", &pem, &["--alg", "RS256"]).code, Some(0));
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

fn sign_text(claims: &str, more: &[&str]) -> Run {
    let bench = Bench::new(Algorithm::Es256);
    let usual = ["token", "sign", "--key", "key.der", "--claims", "-"];
    run_with_stdin(bench.path(), usual.iter().chain(more), claims)
}

#[test]
fn a_claim_that_stands_twice_is_not_signed() {
    for claims in [r#"{"sub":"ann","sub":"ben"}"#, r#"{"a":{"b":1,"\u0062":2}}"#] {
        let run = sign_text(claims, &[]);

        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{claims}: {run:?}");
        assert!(run.stderr.contains("twice"), "{run:?}");
    }
}

#[test]
fn a_date_that_no_calendar_has_is_not_signed() {
    for (claims, more) in [
        (r#"{"exp":1e300}"#, &["--now", NOW][..]),
        (r#"{"nbf":-1}"#, &["--now", NOW]),
        (r#"{"iat":"today"}"#, &["--now", NOW]),
        ("{}", &["--now", "-5"]),
        ("{}", &["--now", "253402300799"]),
    ] {
        let run = sign_text(claims, more);

        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{claims} {more:?}: {run:?}");
        assert!(run.stderr.contains("between the years 1970 and 9999"), "{run:?}");
    }
}

#[test]
fn a_token_that_is_born_dead_is_wrong_usage() {
    for lifetime in ["0s", "999ms"] {
        let run = sign_text("{}", &["--expires-in", lifetime]);

        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{lifetime}: {run:?}");
        assert!(run.stderr.contains("a second at least"), "{run:?}");
    }
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
fn explain_tells_times_by_the_clock_on_the_wall_too() {
    let bench = Bench::new(Algorithm::Es256);
    let arguments = ["token", "explain", "--now", NOW, &bench.token];

    let words = run_in(&[("TZ", "EST5EDT,M3.2.0,M11.1.0")], bench.path(), arguments, "").ok();

    assert!(words.contains("2025-10-09T08:53:20Z, 2025-10-09 04:53:20 -04:00 here, now"), "{words}");
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

#[test]
fn what_is_no_token_is_told_to_people_in_one_sentence() {
    let folder = TempDir::new().expect("a temporary folder");

    let told = run(folder.path(), ["token", "explain", "notatoken"]);

    assert_eq!((told.code, told.stdout.as_str()), (Some(1), ""), "{told:?}");
    assert!(told.stderr.starts_with("error: "), "{told:?}");
    assert_eq!(run(folder.path(), ["token", "explain", "--json", "notatoken"]).refused(), "token_malformed");
}

#[test]
fn what_stands_around_a_token_is_told_from_a_broken_token() {
    let bench = Bench::new(Algorithm::Es256);

    for around in ["Bearer TOKEN", "Cookie: a=b; __Host-Http-at=TOKEN", r#"{"access_token":"TOKEN"}"#] {
        let run = run(bench.path(), ["token", "explain", &around.replace("TOKEN", &bench.token)]);

        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{around}: {run:?}");
        assert!(run.stderr.contains("give the token alone"), "{around}: {run:?}");
    }
}

#[test]
fn nothing_in_a_tokens_place_is_told_as_nothing() {
    let folder = TempDir::new().expect("a temporary folder");

    for (given, stdin) in [("", ""), (" ", ""), ("-", ""), ("-", "\n")] {
        let run = run_with_stdin(folder.path(), ["token", "explain", given], stdin);

        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{given:?}: {run:?}");
        assert!(run.stderr.contains("nothing was given"), "{given:?}: {run:?}");
    }
    assert_eq!(run(folder.path(), ["token", "explain", "--json", ""]).refused(), "token_malformed");
}

#[test]
fn what_is_larger_than_any_token_is_told_by_its_size() {
    let folder = TempDir::new().expect("a temporary folder");

    let run = run_with_stdin(folder.path(), ["token", "explain", "-"], &"a".repeat(1_000_000));

    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run:?}");
    assert!(run.stderr.contains("1000000 bytes; at most 16384 are read"), "{run:?}");
}
