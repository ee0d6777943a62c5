use handstamp_token::dangerous::{decode_unverified, sign_bytes, verify_signature_only};
use handstamp_token::{Algorithm, MAX_TOKEN_LEN, Part, Rejection, SigningKey};
use serde_json::json;

use crate::support::{claims, encode, header, key, signed, signed_parts, signed_text};

#[test]
fn a_token_is_shown_without_being_verified() {
    let token = signed(&header(), &claims());
    let (input, _) = token.rsplit_once('.').expect("three parts");
    let forged = decode_unverified(&format!("{input}.{}", encode([7; 32]))).expect("shown");
    assert_eq!(forged.unverified_payload, claims().to_string());
    assert_eq!(forged.signature_len, 32);
}

#[test]
fn an_unsigned_token_is_shown_too() {
    let text = format!("{}.{}.", encode(json!({ "alg": "none" }).to_string()), encode("{}"));
    assert_eq!(decode_unverified(&text).expect("shown").signature_len, 0);
}

#[test]
fn what_is_shown_is_what_a_verifier_would_read() {
    let twice = signed_text(header().to_string(), r#"{"sub":"a","sub":"b"}"#);
    assert!(matches!(decode_unverified(&twice).err(), Some(Rejection::Json { part: Part::Payload, .. })));
    let array = signed_text(header().to_string(), "[]");
    assert!(matches!(
        decode_unverified(&array).err(),
        Some(Rejection::NotAnObject { part: Part::Payload, .. })
    ));
    assert_eq!(decode_unverified("a.b.c.d.e").err(), Some(Rejection::Encrypted));
    assert_eq!(decode_unverified("a.b").err(), Some(Rejection::NotThreeParts { actual: 2 }));
    assert!(matches!(
        decode_unverified(&"a".repeat(MAX_TOKEN_LEN + 1)).err(),
        Some(Rejection::TooLong { .. })
    ));
}

#[test]
fn a_signature_alone_can_be_checked() {
    let token = signed_text(json!({ "alg": "HS256" }).to_string(), "not even JSON");
    assert_eq!(verify_signature_only(&token, &key().verifying_key()).as_deref(), Ok(&b"not even JSON"[..]));
    let other = SigningKey::generate(Algorithm::Hs256).expect("a key").verifying_key();
    assert_eq!(verify_signature_only(&token, &other).err(), Some(Rejection::BadSignature));
}

#[test]
fn a_signature_check_keeps_to_the_keys_algorithm() {
    let token = signed_text(json!({ "alg": "HS512" }).to_string(), "{}");
    let refused = verify_signature_only(&token, &key().verifying_key()).err();
    assert!(matches!(refused, Some(Rejection::KeyAlgorithm { .. })));
    let token = signed_text(json!({ "alg": "XS256" }).to_string(), "{}");
    assert!(matches!(
        verify_signature_only(&token, &key().verifying_key()).err(),
        Some(Rejection::AlgorithmNotAllowed { .. })
    ));
}

#[test]
fn bytes_are_signed_as_they_are() {
    let message = "e30.e30";

    let signature = sign_bytes(&key(), message.as_bytes()).expect("a signature");

    assert_eq!(format!("{message}.{}", encode(signature)), signed_parts("e30", "e30"));
}
