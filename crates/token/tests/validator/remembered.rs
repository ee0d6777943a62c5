//! A key remembers the header and the names of the first claims it verified. That saves time, and must save nothing else.

use handstamp_token::{Algorithm, KeySet, NoClaims, Rejection, SigningKey, Validator};
use serde_json::{Value, json};

use crate::support::{
    AUDIENCE, ISSUER, NOW, access_validator, claims, header, key_set, keys, kid, signed, signed_text, with,
};

/// Keys that have verified the usual token.
fn experienced_keys() -> KeySet {
    let keys = keys();
    let first = signed(&header(), &claims());
    assert!(access_validator().verify::<NoClaims>(&first, &keys, NOW).is_ok());
    keys
}

fn verify(token: &str, keys: &KeySet) -> Result<(), Rejection> {
    access_validator().verify::<Value>(token, keys, NOW).map(drop)
}

#[test]
fn a_header_that_differs_in_one_byte_is_read_for_itself() {
    let keys = experienced_keys();
    let good = signed(&header(), &claims());
    let encoded = good.split('.').next().expect("a header").len();
    for at in 0..encoded {
        for byte in [b'A', b'_', b'0', b'e', b'.', b'='] {
            let mut bytes = good.clone().into_bytes();
            if bytes[at] == byte {
                continue;
            }
            bytes[at] = byte;
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert!(verify(&changed, &keys).is_err(), "byte {at} is {}", char::from(byte));
        }
    }
    assert_eq!(verify(&good, &keys), Ok(()));
}

#[test]
fn another_good_header_is_judged_by_what_it_says() {
    let keys = experienced_keys();
    let with_header = |name: &str, value: Value| signed(&with(header(), name, value), &claims());
    assert!(matches!(verify(&with_header("typ", json!("JWT")), &keys), Err(Rejection::WrongType { .. })));
    assert!(matches!(
        verify(&with_header("alg", json!("HS512")), &keys),
        Err(Rejection::AlgorithmNotAllowed { .. })
    ));
    assert!(matches!(verify(&with_header("kid", json!("k2")), &keys), Err(Rejection::UnknownKey { .. })));
    assert!(matches!(
        verify(&with_header("crit", json!(["x"])), &keys),
        Err(Rejection::CriticalHeader { .. })
    ));
    assert_eq!(verify(&with_header("cty", json!("x")), &keys), Ok(()));
}

#[test]
fn a_remembered_header_is_no_signature() {
    let keys = experienced_keys();
    let other = SigningKey::generate(Algorithm::Hs256).expect("a key").with_key_id(kid("k1"));
    let forged = other.sign("at+jwt", &claims()).expect("signed");
    let header = signed(&header(), &claims()).split('.').next().map(str::to_owned).expect("a header");
    let forged = format!("{header}.{}", forged.split_once('.').expect("parts").1);
    assert_eq!(verify(&forged, &keys), Err(Rejection::BadSignature));
}

#[test]
fn a_remembered_header_passes_no_other_validator() {
    let keys = experienced_keys();
    let good = signed(&header(), &claims());
    let id_tokens = Validator::id_token(ISSUER, AUDIENCE, &[Algorithm::Hs256]).expect("a validator");
    assert!(matches!(id_tokens.verify::<NoClaims>(&good, &keys, NOW), Err(Rejection::WrongType { .. })));
    let strict = Validator::access_token(ISSUER, AUDIENCE, &[Algorithm::Hs512]).expect("a validator");
    let refused = strict.verify::<NoClaims>(&good, &keys, NOW);
    assert!(matches!(refused, Err(Rejection::AlgorithmNotAllowed { .. })));
}

#[test]
fn a_key_under_another_id_remembers_nothing() {
    let verified = experienced_keys().iter().next().expect("a key").clone();
    let keys = key_set([verified.with_key_id(kid("k2"))]);
    let refused = verify(&signed(&header(), &claims()), &keys);
    assert_eq!(refused, Err(Rejection::UnknownKey { kid: "k1".to_owned() }));
}

#[test]
fn a_header_that_names_no_key_says_nothing_once_there_are_two() {
    let token = signed(&with(header(), "kid", Value::Null), &claims());
    let alone = keys();
    assert_eq!(verify(&token, &alone), Ok(()));
    let other = SigningKey::generate(Algorithm::Hs256).expect("a key").verifying_key();
    let both = key_set(alone.iter().cloned().chain([other]));
    assert_eq!(verify(&token, &both), Err(Rejection::MissingKeyId { available: 2 }));
}

#[test]
fn claims_are_refused_for_what_they_are_however_many_good_ones_came_before() {
    let keys = experienced_keys();
    let payload =
        |change: fn(&str) -> String| signed_text(header().to_string(), change(&claims().to_string()));
    assert_eq!(verify(&payload(str::to_owned), &keys), Ok(()));
    for (change, what) in [
        ((|text| text.replacen("\"jti\"", "\"iss\"", 1)) as fn(&str) -> String, "a name that stands twice"),
        (|text| text.replacen("\"aud\":", "\"aud\":[],\"aud\":", 1), "a name that stands twice in a row"),
        (|text| text.replacen("\"aud\":", "\"a\\u0075d\":[],\"aud\":", 1), "a name in another spelling"),
        (
            |text| text.replacen("\"aud\":", "\"aud\":{\"aud\":1,\"aud\":2},\"x\":", 1),
            "a name that stands twice inside",
        ),
        (|text| text.replacen("\"exp\":1", "\"exp\":01", 1), "a date with a leading zero"),
        (|text| text.replacen("\"exp\":", "\"exp\":\"\",\"y\":", 1), "a date that is none"),
        (|text| text.replacen("\"exp\":", "\"exq\":", 1), "no expiry"),
        (|text| format!("{text} x"), "text behind the claims"),
    ] {
        assert!(verify(&payload(change), &keys).is_err(), "{what}");
    }
}

#[test]
fn an_expired_token_is_refused_however_well_known_its_form() {
    let keys = experienced_keys();
    let old = signed(&header(), &with(claims(), "exp", json!(NOW.as_secs() - 31)));
    assert!(matches!(verify(&old, &keys), Err(Rejection::Expired { .. })));
}
