use handstamp_token::jwe::{ContentEncryption, DecryptionKey, DecryptionKeys, EncryptionKey, JweError};
use handstamp_token::{KeyError, NoClaims, Rejection, SystemEntropy};
use serde_json::{Value, json};

use crate::support::{NOW, SECRET, access_validator, claims, encode, header, keys, kid, signed, with};

const CONTENTS: [ContentEncryption; 2] = [ContentEncryption::A128Gcm, ContentEncryption::A256Gcm];

fn rsa_jwk() -> Value {
    let key: Value =
        serde_json::from_str(include_str!("vectors/rfc7520/jwk/3_4.rsa_private_key.json")).expect("JSON");
    with(key, "use", json!("enc"))
}

fn direct_jwk(content: ContentEncryption) -> Value {
    let len = if content == ContentEncryption::A128Gcm { 16 } else { 32 };
    json!({ "kty": "oct", "kid": "shared", "use": "enc", "alg": "dir", "k": encode(&SECRET[..len]) })
}

fn receivers(content: ContentEncryption) -> Vec<DecryptionKey> {
    let from = |jwk: Value| DecryptionKey::from_jwk_json(jwk.to_string().as_bytes(), content).expect("a key");
    vec![
        DecryptionKey::generate_x25519(content).expect("a key"),
        DecryptionKey::generate_p256(content).expect("a key"),
        from(rsa_jwk()),
        from(direct_jwk(content)),
    ]
}

fn token() -> String {
    signed(&header(), &claims())
}

fn encrypt(key: &DecryptionKey) -> String {
    key.encryption_key().encrypt(&token(), &SystemEntropy).expect("encrypted")
}

/// Replaces one of the five parts.
fn with_part(encrypted: &str, index: usize, part: &str) -> String {
    let mut parts: Vec<&str> = encrypted.split('.').collect();
    parts[index] = part;
    parts.join(".")
}

fn header_of(encrypted: &str) -> Value {
    let header = encrypted.split('.').next().expect("a header");
    serde_json::from_slice(&base64_simd::URL_SAFE_NO_PAD.decode_to_vec(header).expect("base64url"))
        .expect("JSON")
}

fn with_header(encrypted: &str, name: &str, value: Value) -> String {
    with_part(encrypted, 0, &encode(with(header_of(encrypted), name, value).to_string()))
}

#[test]
fn what_is_encrypted_to_a_key_it_decrypts() {
    for content in CONTENTS {
        for key in receivers(content) {
            let encrypted = encrypt(&key);
            assert_eq!(encrypted.split('.').count(), 5);
            assert!(!encrypted.contains(token().split('.').nth(1).expect("a payload")));
            assert_eq!(key.decrypt(&encrypted).expect("decrypted").as_unverified_str(), token(), "{key:?}");
        }
    }
}

#[test]
fn an_encrypted_token_is_verified_after_decryption() {
    let key = DecryptionKey::generate_p256(ContentEncryption::A256Gcm).expect("a key");
    let decryption = DecryptionKeys::new([key.clone()]).expect("keys");
    let verify =
        |token: &str| access_validator().verify_encrypted::<NoClaims>(token, &decryption, &keys(), NOW);
    assert!(verify(&encrypt(&key)).is_ok());
    let forged = signed(&header(), &with(claims(), "iss", json!("https://attacker.example")));
    let encrypted = key.encryption_key().encrypt(&forged, &SystemEntropy).expect("anybody can encrypt");
    assert!(matches!(verify(&encrypted).err(), Some(Rejection::WrongIssuer { .. })));
    // A token that is only signed would let the sender choose.
    assert_eq!(verify(&token()).err(), Some(Rejection::Decryption(JweError::NotEncrypted)));
}

#[test]
fn codes_tell_what_is_no_token_from_what_is_no_token_for_us() {
    let code = |problem| Rejection::Decryption(problem).code();
    for malformed in [
        JweError::TooLong { limit: 1, actual: 2 },
        JweError::NotFiveParts { actual: 4 },
        JweError::Base64 { part: "header" },
        JweError::Header { problem: "it is not an object".to_owned() },
    ] {
        assert_eq!(code(malformed), "token_malformed");
    }
    assert_eq!(code(JweError::NotEncrypted), "token_not_encrypted");
    for foreign in [JweError::Decryption, JweError::UnknownKey { kid: None }, JweError::NotNested] {
        assert_eq!(code(foreign), "token_undecryptable");
    }
}

#[test]
fn two_encryptions_of_one_token_share_nothing() {
    for key in receivers(ContentEncryption::A256Gcm) {
        let (first, second) = (encrypt(&key), encrypt(&key));
        let parts = |text: &str, index: usize| text.split('.').nth(index).expect("a part").to_owned();
        for index in [2, 3, 4] {
            assert_ne!(parts(&first, index), parts(&second, index), "{key:?}");
        }
    }
}

#[test]
fn any_changed_part_is_refused() {
    for key in receivers(ContentEncryption::A128Gcm) {
        let encrypted = encrypt(&key);
        for (at, byte) in encrypted.bytes().enumerate().step_by(5) {
            if byte == b'.' {
                continue;
            }
            let other = if byte == b'A' { 'B' } else { 'A' };
            let changed = format!("{}{other}{}", &encrypted[..at], &encrypted[at + 1..]);
            assert!(key.decrypt(&changed).is_err(), "byte {at} of {key:?}");
        }
    }
}

#[test]
fn failures_of_decryption_are_indistinguishable() {
    for key in receivers(ContentEncryption::A256Gcm) {
        let encrypted = encrypt(&key);
        let tag = encode([7; 16]);
        assert_eq!(key.decrypt(&with_part(&encrypted, 4, &tag)).err(), Some(JweError::Decryption), "tag");
        assert_eq!(
            key.decrypt(&with_part(&encrypted, 4, &encode([7; 12]))).err(),
            Some(JweError::Decryption),
            "short tag"
        );
        assert_eq!(key.decrypt(&with_part(&encrypted, 4, "")).err(), Some(JweError::Decryption), "no tag");
        assert_eq!(
            key.decrypt(&with_part(&encrypted, 2, &encode([7; 12]))).err(),
            Some(JweError::Decryption),
            "nonce"
        );
        assert_eq!(
            key.decrypt(&with_part(&encrypted, 2, &encode([7; 16]))).err(),
            Some(JweError::Decryption),
            "nonce length"
        );
        assert_eq!(
            key.decrypt(&with_part(&encrypted, 1, &encode([7; 256]))).err(),
            Some(JweError::Decryption),
            "key"
        );
        assert_eq!(
            key.decrypt(&with_part(&encrypted, 1, &encode([7; 3]))).err(),
            Some(JweError::Decryption),
            "key length"
        );
    }
}

#[test]
fn parameters_that_burn_time_or_memory_are_refused() {
    let key = &receivers(ContentEncryption::A256Gcm)[0];
    let encrypted = encrypt(key);
    for (name, value) in [
        ("zip", json!("DEF")),
        ("p2c", json!(1_000_000_000)),
        ("p2s", json!("AAAA")),
        ("crit", json!(["exp"])),
    ] {
        let refused = key.decrypt(&with_header(&encrypted, name, value)).err();
        assert!(
            matches!(&refused, Some(JweError::ForbiddenParameter { name: n }) if *n == name),
            "{refused:?}"
        );
    }
}

#[test]
fn a_key_keeps_to_its_key_management() {
    let key = &receivers(ContentEncryption::A256Gcm)[0];
    for alg in [
        "dir",
        "RSA-OAEP-256",
        "RSA1_5",
        "RSA-OAEP",
        "ECDH-ES+A128KW",
        "PBES2-HS256+A128KW",
        "A256KW",
        "ecdh-es",
    ] {
        let refused = key.decrypt(&with_header(&encrypt(key), "alg", json!(alg))).err();
        let expected = JweError::WrongAlgorithm { name: "alg", expected: "ECDH-ES", actual: alg.to_owned() };
        assert_eq!(refused, Some(expected));
    }
}

#[test]
fn a_key_keeps_to_its_content_encryption() {
    let key = &receivers(ContentEncryption::A256Gcm)[0];
    for enc in ["A128GCM", "A128CBC-HS256", "A256CBC-HS512"] {
        let refused = key.decrypt(&with_header(&encrypt(key), "enc", json!(enc))).err();
        let expected = JweError::WrongAlgorithm { name: "enc", expected: "A256GCM", actual: enc.to_owned() };
        assert_eq!(refused, Some(expected));
    }
}

#[test]
fn a_bare_encrypted_claim_set_is_refused() {
    let key = &receivers(ContentEncryption::A256Gcm)[0];
    for cty in [Value::Null, json!("json")] {
        assert_eq!(key.decrypt(&with_header(&encrypt(key), "cty", cty)).err(), Some(JweError::NotNested));
    }
    for text in ["", r#"{"sub":"admin"}"#, "a.b.c.d.e"] {
        let refused = key.encryption_key().encrypt(text, &SystemEntropy).err();
        assert_eq!(refused, Some(JweError::NotSigned));
    }
}

#[test]
fn an_ephemeral_key_off_its_curve_is_refused() {
    let content = ContentEncryption::A256Gcm;
    let p256 = DecryptionKey::generate_p256(content).expect("a key");
    let mut epk = header_of(&encrypt(&p256))["epk"].clone();
    epk["x"] = json!(encode([7; 32]));
    assert_eq!(p256.decrypt(&with_header(&encrypt(&p256), "epk", epk)).err(), Some(JweError::Decryption));
    let x25519 = DecryptionKey::generate_x25519(content).expect("a key");
    // A point of small order makes the agreed secret known to everybody.
    let zero = json!({ "kty": "OKP", "crv": "X25519", "x": encode([0; 32]) });
    assert_eq!(
        x25519.decrypt(&with_header(&encrypt(&x25519), "epk", zero.clone())).err(),
        Some(JweError::Decryption)
    );
    let other_curve =
        x25519.decrypt(&with_header(&encrypt(&x25519), "epk", header_of(&encrypt(&p256))["epk"].clone()));
    assert!(matches!(other_curve.err(), Some(JweError::Header { .. })));
    let receiver = with(zero, "kid", json!("z"));
    let refused = EncryptionKey::from_jwk_json(receiver.to_string().as_bytes(), content).err();
    assert_eq!(refused, Some(KeyError::InvalidPoint { curve: "X25519" }));
}

#[test]
fn keys_are_found_by_their_id() {
    let [first, second] =
        [(); 2].map(|()| DecryptionKey::generate_x25519(ContentEncryption::A256Gcm).expect("a key"));
    let keys = DecryptionKeys::new([first.clone(), second.clone()]).expect("keys");
    for key in [&first, &second] {
        assert!(keys.decrypt(&encrypt(key)).is_ok());
    }
    let unknown = with_header(&encrypt(&first), "kid", json!("other"));
    assert_eq!(keys.decrypt(&unknown).err(), Some(JweError::UnknownKey { kid: Some("other".to_owned()) }));
    let unnamed = with_header(&encrypt(&first), "kid", Value::Null);
    assert_eq!(keys.decrypt(&unnamed).err(), Some(JweError::UnknownKey { kid: None }));
    assert_eq!(
        first.decrypt(&encrypt(&second)).err(),
        Some(JweError::UnknownKey { kid: Some(second.key_id().to_string()) })
    );
    let refused = DecryptionKeys::new([first.clone(), first.clone()]).err();
    assert_eq!(refused, Some(KeyError::DuplicateKeyId { kid: first.key_id().clone() }));
}

#[test]
fn what_is_stored_reads_back() {
    for content in CONTENTS {
        for key in receivers(content) {
            let back = DecryptionKey::from_jwk_json(key.to_private_jwk_json().as_bytes(), content)
                .expect("read back");
            assert!(back.decrypt(&encrypt(&key)).is_ok(), "{key:?}");
        }
    }
}

#[test]
fn keys_meant_for_something_else_are_refused() {
    let content = ContentEncryption::A256Gcm;
    let read = |jwk: Value| DecryptionKey::from_jwk_json(jwk.to_string().as_bytes(), content).err();
    let direct = || direct_jwk(content);
    assert!(matches!(read(with(direct(), "use", json!("sig"))), Some(KeyError::ForbiddenUse { .. })));
    assert!(matches!(read(with(direct(), "key_ops", json!(["sign"]))), Some(KeyError::ForbiddenUse { .. })));
    assert!(matches!(read(with(direct(), "alg", json!("HS256"))), Some(KeyError::UnknownAlgorithm { .. })));
    assert!(matches!(read(with(direct(), "kid", Value::Null)), Some(KeyError::Jwk { .. })));
    assert!(
        matches!(read(with(direct(), "k", json!(encode([1; 16])))), Some(KeyError::Jwk { .. })),
        "length"
    );
    assert!(matches!(read(with(direct(), "k", json!(encode([1; 32])))), Some(KeyError::WeakSecret { .. })));
    assert!(matches!(read(with(rsa_jwk(), "use", json!("sig"))), Some(KeyError::ForbiddenUse { .. })));
    let public = EncryptionKey::from_secret(kid("s"), &SECRET[..16], content).err();
    assert!(matches!(public, Some(KeyError::Jwk { .. })));
}

#[test]
fn debug_output_shows_no_key_material() {
    for key in receivers(ContentEncryption::A256Gcm) {
        let nested = key.decrypt(&encrypt(&key)).expect("decrypted");
        assert_eq!(format!("{nested:?}"), "NestedToken([redacted])");
        let shown = format!("{key:?} {:?}", key.encryption_key());
        assert!(!shown.contains("\"d\"") && !shown.contains(&encode(SECRET)[..8]), "{shown}");
    }
}

#[test]
fn long_and_misshapen_texts_are_refused() {
    let key = &receivers(ContentEncryption::A256Gcm)[0];
    for (text, parts) in [("", 1), ("a.b.c.d", 4), ("a.b.c.d.e.f", 6)] {
        assert_eq!(key.decrypt(text).err(), Some(JweError::NotFiveParts { actual: parts }));
    }
    assert!(matches!(key.decrypt(&"a".repeat(30_000)).err(), Some(JweError::TooLong { .. })));
    assert!(matches!(key.decrypt("!.a.b.c.d").err(), Some(JweError::Base64 { part: "header" })));
    assert!(matches!(key.decrypt("e30.a.b.c.d").err(), Some(JweError::NotNested)));
}
