use handstamp_token::{Algorithm, NoClaims, SignError, SigningKey, dangerous};
use serde::Serialize;
use serde_json::json;

use crate::support::{NOW, access_validator, claims, key, keys};

#[test]
fn the_header_names_algorithm_key_and_type() {
    let token = key().sign("at+jwt", &claims()).expect("signed");
    let decoded = dangerous::decode_unverified(&token).expect("well-formed");
    insta::assert_snapshot!(decoded.unverified_header, @r#"{"alg":"HS256","typ":"at+jwt","kid":"k1"}"#);
    assert!(access_validator().verify::<NoClaims>(&token, &keys(), NOW).is_ok());
}

#[test]
fn only_an_object_can_be_signed() {
    for refused in
        [key().sign("JWT", &7), key().sign("JWT", "text"), key().sign("JWT", &[1, 2]), key().sign("JWT", &())]
    {
        assert!(matches!(refused, Err(SignError::NotAnObject { .. })), "{refused:?}");
    }
}

#[test]
fn claims_that_do_not_serialise_are_the_callers_fault() {
    let keyed_by_pairs: std::collections::BTreeMap<(u8, u8), u8> = [((1, 2), 3)].into();
    assert!(matches!(key().sign("JWT", &keyed_by_pairs), Err(SignError::Claims { .. })));
}

#[test]
fn a_type_is_a_media_type() {
    for typ in ["", "a b", "a\"b", "a\n", "é"] {
        assert_eq!(key().sign(typ, &json!({})).err(), Some(SignError::Type { typ: typ.to_owned() }));
    }
}

#[test]
fn a_token_no_verifier_would_read_is_not_made() {
    #[derive(Serialize)]
    struct Claims {
        text: String,
    }
    let refused = key().sign("JWT", &Claims { text: "x".repeat(13_000) }).err();
    assert!(matches!(refused, Some(SignError::TooLong { .. })), "{refused:?}");
}

#[test]
fn signatures_have_the_length_of_their_algorithm() {
    for (algorithm, len) in [
        (Algorithm::Hs256, 32),
        (Algorithm::Hs384, 48),
        (Algorithm::Hs512, 64),
        (Algorithm::Rs256, 256),
        (Algorithm::Ps512, 256),
        (Algorithm::Es256, 64),
        (Algorithm::Es384, 96),
        (Algorithm::Es512, 132),
        (Algorithm::EdDsa, 64),
    ] {
        let key = SigningKey::generate(algorithm).expect("a key");
        let decoded =
            dangerous::decode_unverified(&key.sign("JWT", &json!({})).expect("signed")).expect("well-formed");
        assert_eq!(decoded.signature_len, len, "{algorithm}");
    }
}
