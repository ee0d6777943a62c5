//! The fuzz targets on a stable compiler: good inputs, damaged in many ways, from a fixed seed.

#[path = "../../../fuzz/src/damage.rs"]
#[expect(unreachable_pub, reason = "shared with the smoke test of another crate")]
mod damage;

#[path = "../../../fuzz/src/token.rs"]
#[expect(unreachable_pub, reason = "a crate of its own when it is fuzzed")]
mod targets;

use handstamp_token::jwe::{ContentEncryption, DecryptionKey};
use handstamp_token::{Algorithm, KeySet, SigningKey, SystemEntropy};
use serde_json::json;

/// What these parsers trip over.
const TRAPS: &[&[u8]] = &[
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
    damage::run(good, TRAPS, targets::token);
}

#[test]
fn payloads_and_headers() {
    let header = br#"{"alg":"HS256","typ":"JWT","crit":["a"],"b64":true}"#.to_vec();
    damage::run(vec![claims().to_string().into_bytes(), header], TRAPS, targets::claims);
}

#[test]
fn key_sets() {
    let keys = public_keys();
    let set = KeySet::new(keys.iter().map(SigningKey::verifying_key)).expect("a set").to_jwks();
    let mut good = vec![serde_json::to_vec(&set).expect("written")];
    good.extend(set.keys.iter().map(|jwk| serde_json::to_vec(jwk).expect("written")));
    good.push(include_bytes!("vectors/rfc7520/jwk/3_4.rsa_private_key.json").to_vec());
    good.push(include_bytes!("vectors/rfc7520/jwk/3_2.ec_private_key.json").to_vec());
    damage::run(good, TRAPS, targets::jwks);
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
    damage::run(good, TRAPS, targets::der);
}

#[test]
fn encrypted_tokens() {
    let key = DecryptionKey::generate_p256(ContentEncryption::A256Gcm).expect("a key");
    let signed = public_keys()[0].sign("JWT", &claims()).expect("signed");
    let encrypted = key.encryption_key().encrypt(&signed, &SystemEntropy).expect("encrypted");
    let header = br#"{"alg":"dir","enc":"A256GCM","cty":"JWT","kid":"k","epk":{"kty":"EC","crv":"P-256","x":"","y":""}}"#;
    damage::run(vec![encrypted.into_bytes(), header.to_vec()], TRAPS, targets::jwe);
}
