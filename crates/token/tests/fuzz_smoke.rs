//! The fuzz targets on a stable compiler: good inputs, damaged in many ways, from a fixed seed.

#[path = "../../../fuzz/src/token.rs"]
#[expect(unreachable_pub, reason = "a crate of its own when it is fuzzed")]
mod targets;

use handstamp_token::jwe::{ContentEncryption, DecryptionKey};
use handstamp_token::{Algorithm, KeySet, SigningKey, SystemEntropy};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

const CASES: u32 = 400;

/// Damages a good input: bytes replaced, pieces cut out, doubled or spliced in from a list of what parsers trip over.
fn damage(good: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    const TRAPS: [&[u8]; 16] = [
        b"\"",
        b"\\",
        b"\\u0000",
        b"\\ud800",
        b"{\"a\":",
        b"[[[[[[[[[[[[[[[[[[",
        b"1e999",
        b"-",
        b".",
        b"=",
        b"\xff",
        b"\0",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x80",
        b"-----BEGIN ",
        b"AAAA",
    ];
    let piece = prop_oneof![
        prop::sample::select(TRAPS.to_vec()).prop_map(<[u8]>::to_vec),
        prop::collection::vec(any::<u8>(), 0..6),
    ];
    let edit = (any::<prop::sample::Index>(), 0..8_usize, piece);
    (prop::sample::select(good), prop::collection::vec(edit, 0..4)).prop_map(|(mut bytes, edits)| {
        for (at, removed, piece) in edits {
            let start = at.index(bytes.len() + 1);
            let end = bytes.len().min(start + removed);
            bytes.splice(start..end, piece);
        }
        bytes
    })
}

fn run(good: Vec<Vec<u8>>, target: fn(&[u8])) {
    for input in &good {
        target(input);
    }
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[17; 32]);
    let outcome = TestRunner::new_with_rng(config, rng).run(&damage(good), |input| {
        target(&input);
        Ok(())
    });
    outcome.expect("the target holds");
}

fn claims() -> serde_json::Value {
    json!({ "iss": "i", "aud": ["a", "b"], "exp": 1_800_000_001, "sub": "é\n\u{1F600}", "x": [1.5, { "y": null }], "nbf": 0 })
}

fn public_keys() -> Vec<SigningKey> {
    let asymmetric = Algorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric());
    asymmetric.map(|algorithm| SigningKey::generate(*algorithm).expect("a key")).collect()
}

#[test]
fn tokens() {
    let good =
        public_keys().iter().map(|key| key.sign("JWT", &claims()).expect("signed").into_bytes()).collect();
    run(good, targets::token);
}

#[test]
fn payloads_and_headers() {
    let header = br#"{"alg":"HS256","typ":"JWT","crit":["a"],"b64":true}"#.to_vec();
    run(vec![claims().to_string().into_bytes(), header], targets::claims);
}

#[test]
fn key_sets() {
    let keys = public_keys();
    let set = KeySet::new(keys.iter().map(SigningKey::verifying_key)).expect("a set").to_jwks();
    let mut good = vec![serde_json::to_vec(&set).expect("written")];
    good.extend(set.keys.iter().map(|jwk| serde_json::to_vec(jwk).expect("written")));
    good.push(include_bytes!("vectors/rfc7520/jwk/3_4.rsa_private_key.json").to_vec());
    good.push(include_bytes!("vectors/rfc7520/jwk/3_2.ec_private_key.json").to_vec());
    run(good, targets::jwks);
}

#[test]
fn key_files() {
    let mut good: Vec<Vec<u8>> = public_keys().iter().map(|key| key.to_private_der().to_vec()).collect();
    good.push(include_bytes!("keys/ec-p256.certificate.pem").to_vec());
    good.push(include_bytes!("keys/rsa.spki.pem").to_vec());
    good.push(include_bytes!("keys/ed25519.pkcs8.pem").to_vec());
    let pem = include_str!("keys/ec-p256.certificate.pem");
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    good.push(base64_simd::STANDARD.decode_to_vec(body).expect("base64"));
    run(good, targets::der);
}

#[test]
fn encrypted_tokens() {
    let key = DecryptionKey::generate_p256(ContentEncryption::A256Gcm).expect("a key");
    let signed = public_keys()[0].sign("JWT", &claims()).expect("signed");
    let encrypted = key.encryption_key().encrypt(&signed, &SystemEntropy).expect("encrypted");
    let header = br#"{"alg":"dir","enc":"A256GCM","cty":"JWT","kid":"k","epk":{"kty":"EC","crv":"P-256","x":"","y":""}}"#;
    run(vec![encrypted.into_bytes(), header.to_vec()], targets::jwe);
}
