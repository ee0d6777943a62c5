use handstamp_token::{Algorithm, Part, Rejection, SigningKey};
use serde_json::{Value, json};

use crate::support::{
    NOW, access_validator, claims, encode, header, key, key_set, keys, signed, signed_text, verify,
    verify_with_header,
};

#[test]
fn none_is_refused_in_every_spelling() {
    for alg in ["none", "None", "NONE", "nOnE"] {
        let unsigned =
            format!("{}.{}.", encode(json!({ "alg": alg }).to_string()), encode(claims().to_string()));
        assert_eq!(verify(&unsigned).err(), Some(Rejection::Unsigned { actual: alg.to_owned() }));
    }
}

#[test]
fn an_algorithm_outside_the_list_is_refused_before_any_key_is_looked_at() {
    for alg in ["HS384", "RS256", "hs256", "HS256 ", "", "ES256K"] {
        let refused = verify_with_header("alg", json!(alg)).err();
        let expected =
            Rejection::AlgorithmNotAllowed { expected: vec![Algorithm::Hs256], actual: alg.to_owned() };
        assert_eq!(refused, Some(expected));
    }
}

#[test]
fn a_missing_or_mistyped_algorithm_is_malformed() {
    for alg in [Value::Null, json!(256), json!(["HS256"]), json!({})] {
        let refused = verify_with_header("alg", alg.clone()).err();
        assert!(matches!(refused, Some(Rejection::HeaderParameter { name: "alg", .. })), "{alg}");
    }
}

#[test]
fn parameter_names_are_case_sensitive() {
    let token = signed(&json!({ "ALG": "HS256", "Alg": "HS256" }), &claims());
    assert!(matches!(verify(&token).err(), Some(Rejection::HeaderParameter { name: "alg", .. })));
}

#[test]
fn a_key_is_used_with_its_own_algorithm_only() {
    // A validator that allows both, a key bound to one of them.
    let validator = handstamp_token::Validator::access_token(
        crate::support::ISSUER,
        crate::support::AUDIENCE,
        &[Algorithm::Rs256, Algorithm::Ps256],
    )
    .expect("a validator");
    let rsa = SigningKey::generate(Algorithm::Rs256).expect("a key");
    let other =
        SigningKey::from_der(Algorithm::Ps256, &rsa.to_private_der()).expect("the same key, other padding");
    let token = other.sign("at+jwt", &claims()).expect("signed");
    let refused =
        validator.verify::<handstamp_token::NoClaims>(&token, &key_set([rsa.verifying_key()]), NOW).err();
    let kid = rsa.key_id().to_string();
    assert_eq!(
        refused,
        Some(Rejection::KeyAlgorithm { kid, expected: Algorithm::Rs256, actual: Algorithm::Ps256 })
    );
}

#[test]
fn a_public_key_never_serves_as_an_hmac_secret() {
    let pem = include_str!("keys/rsa.spki.pem");
    // The classic: the server's public key, published as text, used as the secret.
    let input = format!("{}.{}", encode(header().to_string()), encode(claims().to_string()));
    let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, pem.as_bytes());
    let token = format!("{input}.{}", encode(aws_lc_rs::hmac::sign(&secret, input.as_bytes()).as_ref()));
    let public = handstamp_token::VerifyingKey::from_pem(Algorithm::Rs256, pem).expect("a key");
    let public = public.with_key_id(crate::support::kid("k1"));
    let validator = handstamp_token::Validator::access_token(
        crate::support::ISSUER,
        crate::support::AUDIENCE,
        &[Algorithm::Rs256],
    )
    .expect("a validator");
    let refused = validator.verify::<handstamp_token::NoClaims>(&token, &key_set([public]), NOW).err();
    assert!(matches!(refused, Some(Rejection::AlgorithmNotAllowed { .. })), "{refused:?}");
}

#[test]
fn an_unknown_key_is_named_so_that_the_caller_can_fetch_fresh_ones() {
    for kid in ["k2", "K1", "k1 ", "", "../../etc/passwd", "' OR 1=1 --"] {
        let refused = verify_with_header("kid", json!(kid)).err();
        assert_eq!(refused, Some(Rejection::UnknownKey { kid: kid.to_owned() }));
    }
}

#[test]
fn without_a_kid_the_only_key_is_used_and_several_are_refused() {
    let token = signed(&crate::support::with(header(), "kid", Value::Null), &claims());
    assert!(verify(&token).is_ok());
    let second = SigningKey::generate(Algorithm::Hs256).expect("a key").verifying_key();
    let two = key_set([key().verifying_key(), second]);
    let refused = access_validator().verify::<handstamp_token::NoClaims>(&token, &two, NOW).err();
    assert_eq!(refused, Some(Rejection::MissingKeyId { available: 2 }));
    let none = access_validator().verify::<handstamp_token::NoClaims>(&token, &key_set([]), NOW).err();
    assert_eq!(none, Some(Rejection::MissingKeyId { available: 0 }));
}

#[test]
fn a_key_chosen_by_the_caller_must_be_the_one_the_token_names() {
    let text = signed(&header(), &claims());
    let token = handstamp_token::UnverifiedToken::parse(&text).expect("well-formed");
    let other = key().verifying_key().with_key_id(crate::support::kid("k9"));
    let refused = access_validator().verify_with_key::<handstamp_token::NoClaims>(token, &other, NOW).err();
    assert_eq!(refused, Some(Rejection::UnknownKey { kid: "k1".to_owned() }));
}

#[test]
fn a_critical_extension_is_refused_by_name() {
    let refused = verify_with_header("crit", json!(["exp"])).err();
    assert_eq!(refused, Some(Rejection::CriticalHeader { name: "exp".to_owned() }));
    let refused = verify_with_header("crit", json!(["b64"])).err();
    assert_eq!(refused, Some(Rejection::CriticalHeader { name: "b64".to_owned() }));
}

#[test]
fn an_empty_or_mistyped_crit_is_refused() {
    for crit in [json!([]), json!("exp"), json!({}), json!([1]), json!(true)] {
        let refused = verify_with_header("crit", crit.clone()).err();
        assert!(matches!(refused, Some(Rejection::HeaderParameter { name: "crit", .. })), "{crit}");
    }
}

#[test]
fn an_unencoded_payload_is_refused() {
    for b64 in [json!(false), json!("false"), json!(0)] {
        assert_eq!(verify_with_header("b64", b64).err(), Some(Rejection::UnencodedPayload));
    }
    assert!(verify_with_header("b64", json!(true)).is_ok());
}

#[test]
fn a_key_the_token_brings_along_is_ignored() {
    let attacker = SigningKey::generate(Algorithm::Es256).expect("a key");
    let jwk = serde_json::to_value(attacker.verifying_key().to_jwk()).expect("a JWK");
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://attacker.example/jwks.json")),
        ("x5u", json!("https://attacker.example/chain.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        // Signed by our key the token is as good as without; signed by another it is as bad.
        assert!(verify_with_header(name, value.clone()).is_ok(), "{name}");
        let header = crate::support::with(header(), name, value);
        let good = signed(&header, &claims());
        let (input, _) = good.rsplit_once('.').expect("three parts");
        let forged = format!("{input}.{}", encode([7; 32]));
        assert_eq!(verify(&forged).err(), Some(Rejection::BadSignature), "{name}");
    }
}

#[test]
fn a_known_header_text_does_not_shorten_any_check() {
    let keys = keys();
    let validator = access_validator();
    let good = signed(&header(), &claims());
    let verify = |token: &str| validator.verify::<handstamp_token::NoClaims>(token, &keys, NOW);
    assert!(verify(&good).is_ok(), "from here on the header is known by its text");
    let (input, _) = good.rsplit_once('.').expect("three parts");
    assert_eq!(verify(&format!("{input}.{}", encode([7; 32]))).err(), Some(Rejection::BadSignature));
    let id_tokens = handstamp_token::Validator::jwt(
        crate::support::ISSUER,
        crate::support::AUDIENCE,
        &[Algorithm::Hs256],
    );
    let refused =
        id_tokens.expect("a validator").verify::<handstamp_token::NoClaims>(&good, &keys, NOW).err();
    assert!(matches!(refused, Some(Rejection::WrongType { .. })));
    let others = handstamp_token::Validator::access_token(
        crate::support::ISSUER,
        crate::support::AUDIENCE,
        &[Algorithm::Hs512],
    );
    let refused = others.expect("a validator").verify::<handstamp_token::NoClaims>(&good, &keys, NOW).err();
    assert!(matches!(refused, Some(Rejection::AlgorithmNotAllowed { .. })));
}

#[test]
fn a_header_that_is_no_object_or_has_a_name_twice_is_malformed() {
    let claims = claims().to_string();
    let twice = signed_text(r#"{"alg":"HS256","alg":"none"}"#, &claims);
    assert!(matches!(verify(&twice).err(), Some(Rejection::Json { part: Part::Header, .. })));
    let escaped = signed_text(r#"{"alg":"HS256","\u0061lg":"none"}"#, &claims);
    assert!(matches!(verify(&escaped).err(), Some(Rejection::Json { part: Part::Header, .. })));
    let array = signed_text(r#"["HS256"]"#, &claims);
    assert_eq!(verify(&array).err(), Some(Rejection::NotAnObject { part: Part::Header, actual: "an array" }));
}
