//! The parsers of `handstamp-token`. `crates/token/tests/fuzz_smoke.rs` runs them on a stable compiler.

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use base64_simd::URL_SAFE_NO_PAD;
use handstamp_token::jwe::{ContentEncryption, DecryptionKey};
use handstamp_token::{
    Algorithm, Jwk, KeySet, Rejection, SigningKey, UnixTime, UnverifiedToken, Validator, VerifiedToken,
    VerifyingKey, dangerous,
};
use serde_json::{Map, Value};

const SECRET: &[u8; 32] = b"\x8f\x1d\x96\x30\xe2\x55\x0a\xc4\x7b\xbe\x21\x6d\xf9\x03\xd8\x5c\x4a\x97\xee\x12\x68\xb5\x3f\xa0\xc9\x74\x1b\xe6\x2d\x80\x57\xfb";

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

const FIXED_HEADER: &[u8] = br#"{"alg":"HS256"}"#;

static KEYS: LazyLock<KeySet> = LazyLock::new(keys);

fn keys() -> KeySet {
    let key = VerifyingKey::from_secret(Algorithm::Hs256, SECRET).expect("a good secret");
    KeySet::new([key]).expect("one key")
}

/// The same key after a token of the usual form: it reads what comes next with that form in mind.
static EXPERIENCED: LazyLock<KeySet> = LazyLock::new(|| {
    let keys = keys();
    let usual =
        br#"{"iss":"i","aud":["a","b"],"exp":1800000001,"sub":"s","x":[1.5,{"y":null}],"nbf":0,"jti":"j"}"#;
    let first = VALIDATOR.verify::<Map<String, Value>>(&signed(FIXED_HEADER, usual), &keys, NOW);
    assert!(first.is_ok(), "a good token");
    keys
});

static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| Validator::jwt("i", "a", &[Algorithm::Hs256]).expect("a validator"));

static RECEIVERS: LazyLock<Vec<DecryptionKey>> = LazyLock::new(|| {
    let secret = URL_SAFE_NO_PAD.encode_to_string(SECRET);
    let shared = format!(r#"{{"kty":"oct","kid":"k","k":"{secret}"}}"#);
    let content = ContentEncryption::A256Gcm;
    vec![
        DecryptionKey::from_jwk_json(shared.as_bytes(), content).expect("a key"),
        DecryptionKey::generate_p256(content).expect("a key"),
        DecryptionKey::generate_x25519(content).expect("a key"),
    ]
});

/// Any text as a token.
pub fn token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(rejection) = UnverifiedToken::parse(text) {
        explain(&rejection);
    }
    match dangerous::decode_unverified(text) {
        Ok(decoded) => {
            let parts: Vec<&str> = text.split('.').collect();
            for (part, json) in
                [(parts[0], decoded.unverified_header), (parts[1], decoded.unverified_payload)]
            {
                assert_eq!(URL_SAFE_NO_PAD.encode_to_string(&json), part, "one spelling for one token");
                assert!(
                    serde_json::from_str::<Map<String, Value>>(&json).is_ok(),
                    "another reader refuses {json}"
                );
            }
        }
        Err(rejection) => explain(&rejection),
    }
    let outcome = VALIDATOR.verify::<Map<String, Value>>(text, &KEYS, NOW);
    assert!(outcome.is_err(), "nobody signed {text}");
}

/// Any bytes as the payload, and as the header, of a token whose signature is good.
pub fn claims(data: &[u8]) {
    if let Ok(verified) = verify(FIXED_HEADER, data) {
        let theirs: Map<String, Value> = serde_json::from_slice(data).expect("another reader accepts it");
        let ours: Map<String, Value> = verified.claims_as().expect("read before");
        assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
        assert_eq!(theirs.get("iss").and_then(Value::as_str), Some("i"));
        let (registered, text) = (verified.registered(), |name| theirs.get(name).and_then(Value::as_str));
        assert!(registered.aud().any(|aud| aud == "a"));
        assert_eq!((registered.sub(), registered.jti()), (text("sub"), text("jti")));
        if let Some(exp) = theirs.get("exp").and_then(Value::as_i64) {
            assert_eq!(registered.exp().as_secs(), exp);
        }
    }
    let fixed_claims = br#"{"iss":"i","aud":"a","exp":1800000001}"#;
    if verify(data, fixed_claims).is_ok() {
        let theirs: Map<String, Value> = serde_json::from_slice(data).expect("another reader accepts it");
        assert_eq!(theirs.get("alg").and_then(Value::as_str), Some("HS256"));
        assert!(!theirs.contains_key("crit"));
    }
}

/// Any bytes as a JWK Set, a JWK or a private JWK.
pub fn jwks(data: &[u8]) {
    if let Ok((keys, _)) = KeySet::from_jwks_json(data) {
        let published = serde_json::to_vec(&keys.to_jwks()).expect("written");
        let (again, skipped) = KeySet::from_jwks_json(&published).expect("what we publish, we read");
        assert!(skipped.is_empty() && again.len() == keys.len());
    }
    if let Ok(jwk) = Jwk::from_json(data) {
        let _ = jwk.thumbprint();
        let _ = VerifyingKey::from_jwk(&jwk);
    }
    if let Ok(key) = SigningKey::from_jwk_json(data) {
        let token = key.sign("JWT", &Map::new()).expect("a key that was read signs");
        assert!(dangerous::verify_signature_only(&token, &key.verifying_key()).is_ok());
    }
}

/// Any bytes as DER, any text as PEM, for every algorithm.
pub fn der(data: &[u8]) {
    let text = std::str::from_utf8(data).ok();
    for &algorithm in Algorithm::ALL {
        if let Ok(key) = VerifyingKey::from_der(algorithm, data) {
            let jwk = key.to_jwk().expect("a public key");
            let again = VerifyingKey::from_jwk(&jwk).expect("what we publish, we read");
            assert_eq!(again.key_id(), key.key_id());
        }
        if !algorithm.is_symmetric() && SigningKey::from_der(algorithm, data).is_ok() {
            assert!(VerifyingKey::from_der(algorithm, data).is_err(), "private and public at once");
        }
        if let Some(text) = text {
            let _ = VerifyingKey::from_pem(algorithm, text);
            let _ = SigningKey::from_pem(algorithm, text);
        }
    }
}

/// Any text as an encrypted token, and any bytes as the header of one.
pub fn jwe(data: &[u8]) {
    let header = URL_SAFE_NO_PAD.encode_to_string(data);
    for key in RECEIVERS.iter() {
        if let Ok(text) = std::str::from_utf8(data) {
            assert!(key.decrypt(text).is_err(), "nobody encrypted {text}");
        }
        for rest in [
            "..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA",
            ".AAAA.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA",
        ] {
            let refused = key.decrypt(&format!("{header}{rest}")).expect_err("nobody encrypted this");
            assert!(!refused.to_string().is_empty());
        }
    }
}

fn verify(header: &[u8], payload: &[u8]) -> Result<VerifiedToken<Map<String, Value>>, Rejection> {
    let token = signed(header, payload);
    // A fresh set each time: a remembered header must not hide a parse.
    let outcome = VALIDATOR.verify::<Map<String, Value>>(&token, &keys(), NOW);
    let again = VALIDATOR.verify::<Map<String, Value>>(&token, &EXPERIENCED, NOW);
    assert_eq!(
        outcome.as_ref().map(VerifiedToken::claims),
        again.as_ref().map(VerifiedToken::claims),
        "what is remembered saves time alone"
    );
    if let Err(rejection) = &outcome {
        explain(rejection);
    }
    outcome
}

fn signed(header: &[u8], payload: &[u8]) -> String {
    let input =
        format!("{}.{}", URL_SAFE_NO_PAD.encode_to_string(header), URL_SAFE_NO_PAD.encode_to_string(payload));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode_to_string(tag.as_ref()))
}

/// Every rejection can be told, in one line.
fn explain(rejection: &Rejection) {
    assert!(rejection.code().starts_with("token_"));
    assert!(!rejection.to_string().contains('\n'), "{rejection}");
}
