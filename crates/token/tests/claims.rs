use std::borrow::Cow;
use std::collections::BTreeMap;

use handstamp_token::{RegisteredClaims, Rejection, UnixTime};
use serde::Deserialize;
use serde_json::json;

use crate::support::{
    AUDIENCE, ISSUER, NOW, access_validator, claims, header, keys, signed, verify, verify_with_claim, with,
};

#[test]
fn registered_claims_are_read_once_and_for_all() {
    let token = signed(&header(), &with(claims(), "nbf", json!(NOW.as_secs() - 1)));
    let verified = verify(&token).expect("accepted");
    let registered = verified.registered();
    assert_eq!(registered.iss(), ISSUER);
    assert!(registered.aud().eq([AUDIENCE]));
    assert_eq!(registered.sub(), Some("user-17"));
    assert_eq!(registered.jti(), Some("t1"));
    assert_eq!(registered.exp(), UnixTime::from_secs(NOW.as_secs() + 300));
    assert_eq!(registered.iat(), Some(NOW));
    assert_eq!(registered.nbf(), Some(UnixTime::from_secs(NOW.as_secs() - 1)));
    assert_eq!(verified.key_id().as_str(), "k1");
}

#[test]
fn dates_that_are_no_dates_are_refused() {
    for value in [
        json!("1800000300"),
        json!(null),
        json!([1]),
        json!({}),
        json!(true),
        json!(-1),
        json!(-1.5),
        json!(1e300),
        json!(1.8e12),
        json!(253_402_300_800_i64),
        json!(u64::MAX),
    ] {
        for claim in ["exp", "nbf", "iat", "auth_time"] {
            let refused = verify(&signed(&header(), &{
                let mut claims = claims();
                claims[claim] = value.clone();
                claims
            }))
            .err();
            assert!(
                matches!(&refused, Some(Rejection::ClaimType { claim: c, .. }) if *c == claim),
                "{claim} {value}: {refused:?}"
            );
        }
    }
}

#[test]
fn a_fraction_of_a_second_shortens_the_life_of_a_token() {
    let now = NOW.as_secs();
    let verified = verify(&signed(
        &header(),
        &with(with(claims(), "exp", json!(1_800_000_300.9)), "nbf", json!(1_799_999_999.1)),
    ));
    let verified = verified.expect("accepted");
    assert_eq!(verified.registered().exp().as_secs(), now + 300);
    assert_eq!(verified.registered().nbf().map(UnixTime::as_secs), Some(now));
}

#[test]
fn text_claims_must_be_text() {
    for claim in ["iss", "sub", "jti", "nonce", "azp"] {
        let refused = verify_with_claim(claim, json!(7)).err();
        assert_eq!(
            refused,
            Some(Rejection::ClaimType {
                claim: match claim {
                    "iss" => "iss",
                    "sub" => "sub",
                    "jti" => "jti",
                    "nonce" => "nonce",
                    _ => "azp",
                },
                expected: "a string",
                actual: "a number"
            })
        );
    }
}

#[test]
fn an_audience_is_a_string_or_an_array_of_strings() {
    for value in [json!(7), json!({}), json!(true), json!([AUDIENCE, 7]), json!([[AUDIENCE]])] {
        let refused = verify_with_claim("aud", value.clone()).err();
        assert!(matches!(refused, Some(Rejection::ClaimType { claim: "aud", .. })), "{value}");
    }
}

#[derive(Debug, Deserialize, PartialEq)]
struct Shapes {
    text: String,
    escaped: String,
    small: u8,
    negative: i64,
    large: u64,
    fraction: f64,
    yes: bool,
    maybe: Option<u8>,
    absent: Option<u8>,
    list: Vec<String>,
    pair: (u8, String),
    map: BTreeMap<String, u8>,
    unit: Level,
    tagged: Level,
    wrapped: Wrapped,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Level {
    Reader,
    Editor { of: String },
}

#[derive(Debug, Deserialize, PartialEq)]
struct Wrapped(u8);

#[test]
fn claims_of_every_shape_are_read() {
    let mut claims = claims();
    for (name, value) in json!({
        "text": "größer", "escaped": "a\"b\\c\nd\u{1F600}", "small": 255, "negative": -5, "large": u64::MAX, "fraction": 1.5,
        "yes": true, "maybe": null, "list": ["a", "b"], "pair": [1, "x"], "map": {"a": 1}, "unit": "reader",
        "tagged": {"editor": {"of": "x"}}, "wrapped": 3, "ignored": {"deep": [1, {"x": null}]}
    })
    .as_object()
    .expect("an object")
    {
        claims[name] = value.clone();
    }
    let token = signed(&header(), &claims);
    let verified = access_validator().verify::<Shapes>(&token, &keys(), NOW).expect("accepted");
    assert_eq!(
        *verified.claims(),
        Shapes {
            text: "größer".to_owned(),
            escaped: "a\"b\\c\nd\u{1F600}".to_owned(),
            small: 255,
            negative: -5,
            large: u64::MAX,
            fraction: 1.5,
            yes: true,
            maybe: None,
            absent: None,
            list: vec!["a".to_owned(), "b".to_owned()],
            pair: (1, "x".to_owned()),
            map: BTreeMap::from([("a".to_owned(), 1)]),
            unit: Level::Reader,
            tagged: Level::Editor { of: "x".to_owned() },
            wrapped: Wrapped(3),
        }
    );
    // The same document through the common reader says the same.
    let other: Shapes = serde_json::from_str(verified.payload()).expect("read");
    assert_eq!(*verified.claims(), other);
    let value: serde_json::Value = verified.claims_as().expect("any JSON");
    assert_eq!(value, serde_json::from_str::<serde_json::Value>(verified.payload()).expect("read"));
}

#[test]
fn claims_can_be_borrowed_from_the_verified_token() {
    #[derive(Deserialize)]
    struct Borrowed<'a> {
        sub: &'a str,
        #[serde(borrow)]
        note: Cow<'a, str>,
    }
    let verified = verify(&signed(&header(), &with(claims(), "note", json!("a\nb")))).expect("accepted");
    let borrowed: Borrowed<'_> = verified.claims_as().expect("read");
    assert_eq!(borrowed.sub, "user-17");
    assert_eq!(borrowed.note, "a\nb");
}

#[test]
fn claims_that_do_not_fit_say_where() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read by serde")]
    struct Organisation {
        id: String,
        seats: u8,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read by serde")]
    struct Claims {
        org: Organisation,
    }
    let problem = |org: serde_json::Value| {
        let token = signed(&header(), &with(claims(), "org", org));
        match access_validator().verify::<Claims>(&token, &keys(), NOW).err() {
            Some(Rejection::Claims { problem }) => problem,
            other => panic!("{other:?}"),
        }
    };
    insta::assert_snapshot!(problem(json!({ "id": 7, "seats": 1 })), @"org.id: invalid type: integer `7`, expected a string");
    insta::assert_snapshot!(problem(json!({ "id": "a", "seats": 256 })), @"org.seats: invalid value: integer `256`, expected u8");
    insta::assert_snapshot!(problem(json!({ "id": "a" })), @"org: missing field `seats`");
    insta::assert_snapshot!(problem(json!(null)), @"missing field `org`");
}

#[test]
fn an_array_longer_than_its_tuple_is_refused() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read by serde")]
    struct Claims {
        pair: (u8, u8),
    }
    let token = signed(&header(), &with(claims(), "pair", json!([1, 2, 3])));
    assert!(matches!(
        access_validator().verify::<Claims>(&token, &keys(), NOW).err(),
        Some(Rejection::Claims { .. })
    ));
}

#[test]
fn claims_of_the_right_types_may_be_signed() {
    for json in ["{}", r#"{"aud":["a","b"],"exp":1800000300.5,"roles":{"any":"thing"}}"#] {
        assert_eq!(RegisteredClaims::check_types(json.as_bytes()), Ok(()), "{json}");
    }
}

#[test]
fn a_name_that_stands_twice_is_found_before_signing() {
    for json in [r#"{"sub":"ann","sub":"ben"}"#, r#"{"a":{"b":1,"\u0062":2}}"#] {
        let refused = RegisteredClaims::check_types(json.as_bytes());

        assert!(matches!(refused, Err(Rejection::Json { .. })), "{json}: {refused:?}");
    }
}

#[test]
fn a_date_that_is_none_is_found_before_signing() {
    for json in [r#"{"exp":1e300}"#, r#"{"iat":-1}"#, r#"{"nbf":"soon"}"#, r#"{"auth_time":1.8e12}"#] {
        let refused = RegisteredClaims::check_types(json.as_bytes());

        assert!(matches!(refused, Err(Rejection::ClaimType { .. })), "{json}: {refused:?}");
    }
}
