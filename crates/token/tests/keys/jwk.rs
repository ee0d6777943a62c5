use handstamp_token::{Algorithm, Jwk, Jwks, KeyError, SigningKey, VerifyingKey};
use serde_json::{Value, json};

use crate::support::{encode, with};

/// The key of RFC 7517 appendix A.1, first.
fn ec() -> Value {
    json!({
        "kty": "EC", "crv": "P-256", "kid": "1", "use": "sig",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    })
}

fn read(jwk: &Value) -> Result<VerifyingKey, KeyError> {
    VerifyingKey::from_jwk_json(jwk.to_string().as_bytes())
}

#[test]
fn a_public_key_survives_its_jwk() {
    for algorithm in Algorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let key = SigningKey::generate(*algorithm).expect("generated").verifying_key();
        let jwk = key.to_jwk().expect("public");
        let json = serde_json::to_vec(&jwk).expect("written");
        let back = VerifyingKey::from_jwk_json(&json).expect("read back");
        assert_eq!((back.key_id(), back.algorithm()), (key.key_id(), *algorithm));
        assert_eq!(jwk.thumbprint().as_deref(), Ok(key.key_id().as_str()));
        assert_eq!(serde_json::from_slice::<Jwk>(&json).expect("by serde"), jwk);
    }
}

#[test]
fn a_shared_secret_has_no_public_form() {
    assert_eq!(crate::support::key().verifying_key().to_jwk(), None);
    assert_eq!(crate::support::keys().to_jwks(), Jwks::default());
}

#[test]
fn private_and_symmetric_members_are_refused_in_a_public_key() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "k", "priv", "oth"] {
        let refused = read(&with(ec(), member, json!("AAAA"))).err();
        assert!(
            matches!(&refused, Some(KeyError::SecretMember { member: m }) if *m == member),
            "{refused:?}"
        );
        let refused = serde_json::from_value::<Jwk>(with(ec(), member, json!("AAAA")));
        assert!(refused.expect_err("refused").to_string().contains("never be published"), "{member}");
    }
}

#[test]
fn a_missing_algorithm_follows_from_the_curve() {
    assert_eq!(read(&ec()).map(|key| key.algorithm()), Ok(Algorithm::Es256));
}

#[test]
fn an_algorithm_that_does_not_fit_the_key_is_refused() {
    let refused = read(&with(ec(), "alg", json!("ES384"))).err();
    assert_eq!(
        refused,
        Some(KeyError::WrongKind { algorithm: Algorithm::Es384, actual: "an EC key on P-256" })
    );
    let refused = read(&with(ec(), "alg", json!("ECDH-ES"))).err();
    assert_eq!(refused, Some(KeyError::UnknownAlgorithm { alg: "ECDH-ES".to_owned() }));
}

#[test]
fn use_and_key_ops_are_respected() {
    let forbidden = |member| Some(KeyError::ForbiddenUse { operation: "verify", member });
    assert_eq!(read(&with(ec(), "use", json!("enc"))).err(), forbidden("use"));
    assert_eq!(read(&with(ec(), "key_ops", json!(["sign"]))).err(), forbidden("key_ops"));
    assert_eq!(read(&with(ec(), "key_ops", json!([]))).err(), forbidden("key_ops"));
    assert!(read(&with(ec(), "key_ops", json!(["verify", "sign"]))).is_ok());
    let key =
        json!({ "kty": "oct", "alg": "HS256", "k": encode(crate::support::SECRET), "key_ops": ["verify"] });
    let refused = SigningKey::from_jwk_json(key.to_string().as_bytes()).err();
    assert_eq!(refused, Some(KeyError::ForbiddenUse { operation: "sign", member: "key_ops" }));
}

#[test]
fn a_coordinate_of_another_length_is_refused() {
    for x in ["", "AA", "AKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4AA"] {
        assert!(matches!(read(&with(ec(), "x", json!(x))).err(), Some(KeyError::Jwk { .. })), "{x}");
    }
    assert!(matches!(read(&with(ec(), "y", Value::Null)).err(), Some(KeyError::Jwk { .. })));
}

#[test]
fn a_point_off_the_curve_is_refused() {
    let x = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D0";
    let refused = read(&with(ec(), "x", json!(x))).err();
    assert_eq!(refused, Some(KeyError::InvalidPoint { curve: "P-256" }));
    let zero = json!({ "kty": "OKP", "crv": "Ed25519", "x": encode([0; 32]) });
    assert_eq!(read(&zero).err(), Some(KeyError::InvalidPoint { curve: "Ed25519" }));
}

#[test]
fn other_spellings_of_base64url_are_refused() {
    for x in ["MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4=", "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D5"] {
        assert!(matches!(read(&with(ec(), "x", json!(x))).err(), Some(KeyError::Jwk { .. })), "{x}");
    }
}

#[test]
fn duplicate_members_are_refused() {
    let twice = r#"{"kty":"EC","kty":"RSA"}"#;
    assert!(matches!(VerifyingKey::from_jwk_json(twice.as_bytes()).err(), Some(KeyError::Jwk { .. })));
}

#[test]
fn rsa_numbers_have_no_leading_zero() {
    let jwk =
        serde_json::to_value(SigningKey::generate(Algorithm::Rs256).expect("a key").verifying_key().to_jwk());
    let jwk = jwk.expect("a JWK");
    assert!(read(&jwk).is_ok());
    assert!(matches!(read(&with(jwk.clone(), "e", json!("AAEAAQ"))).err(), Some(KeyError::Jwk { .. })));
    assert_eq!(read(&with(jwk.clone(), "e", json!("Aw"))).err(), Some(KeyError::RsaExponent));
    assert_eq!(
        read(&with(jwk, "n", json!(encode([0xff; 128])))).err(),
        Some(KeyError::RsaSize { bits: 1024 })
    );
}

#[test]
fn a_private_jwk_signs_and_its_halves_must_belong_together() {
    // RFC 7520 §3.2 and §3.4.
    let ec: Value =
        serde_json::from_str(include_str!("../vectors/rfc7520/jwk/3_2.ec_private_key.json")).expect("JSON");
    let rsa: Value =
        serde_json::from_str(include_str!("../vectors/rfc7520/jwk/3_4.rsa_private_key.json")).expect("JSON");
    for jwk in [&ec, &rsa] {
        let key = SigningKey::from_jwk_json(jwk.to_string().as_bytes()).expect("a private key");
        assert_eq!(key.key_id().as_str(), "bilbo.baggins@hobbiton.example");
    }
    let other =
        SigningKey::generate(Algorithm::Es512).expect("a key").verifying_key().to_jwk().expect("public");
    let mixed = with(with(ec, "x", json!(other.x)), "y", json!(other.y));
    let refused = SigningKey::from_jwk_json(mixed.to_string().as_bytes()).err();
    assert_eq!(refused, Some(KeyError::Inconsistent { kind: "EC" }));
    let mixed = with(rsa, "dp", json!("AAAA"));
    let refused = SigningKey::from_jwk_json(mixed.to_string().as_bytes()).err();
    assert_eq!(refused, Some(KeyError::Inconsistent { kind: "RSA" }));
}

#[test]
fn a_public_jwk_does_not_sign() {
    let refused = SigningKey::from_jwk_json(ec().to_string().as_bytes()).err();
    assert_eq!(refused, Some(KeyError::PublicKey));
}

#[test]
fn a_symmetric_jwk_names_its_algorithm() {
    let key = json!({ "kty": "oct", "k": encode(crate::support::SECRET) });
    assert!(matches!(
        SigningKey::from_jwk_json(key.to_string().as_bytes()).err(),
        Some(KeyError::Jwk { .. })
    ));
    let key = with(key, "alg", json!("HS256"));
    assert!(SigningKey::from_jwk_json(key.to_string().as_bytes()).is_ok());
}
