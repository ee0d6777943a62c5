use handstamp_token::{Algorithm, NoClaims, Rejection, Validator};
use serde_json::{Value, json};

use crate::support::{AUDIENCE, ISSUER, NOW, claims, header, keys, signed, verify_with_claim, with};

#[test]
fn the_issuer_is_compared_to_the_last_slash() {
    for issuer in ["https://auth.example.com/", "https://AUTH.example.com", "http://auth.example.com", ""] {
        let refused = verify_with_claim("iss", json!(issuer)).err();
        assert_eq!(
            refused,
            Some(Rejection::WrongIssuer { expected: ISSUER.to_owned(), actual: issuer.to_owned() })
        );
    }
}

#[test]
fn a_token_without_issuer_is_refused() {
    assert_eq!(verify_with_claim("iss", Value::Null).err(), Some(Rejection::MissingClaim { claim: "iss" }));
}

#[test]
fn a_token_for_another_service_is_refused() {
    let refused = verify_with_claim("aud", json!("https://other.example.com")).err();
    let actual = vec!["https://other.example.com".to_owned()];
    assert_eq!(refused, Some(Rejection::WrongAudience { expected: vec![AUDIENCE.to_owned()], actual }));
    assert!(verify_with_claim("aud", json!(format!("{AUDIENCE}/"))).is_err(), "not a prefix match");
}

#[test]
fn one_of_several_audiences_is_enough() {
    assert!(verify_with_claim("aud", json!(["https://other.example.com", AUDIENCE])).is_ok());
    let validator = Validator::access_token(ISSUER, ["https://a.example.com", AUDIENCE], &[Algorithm::Hs256]);
    let token = signed(&header(), &claims());
    assert!(validator.expect("a validator").verify::<NoClaims>(&token, &keys(), NOW).is_ok());
}

#[test]
fn a_token_without_audience_is_refused() {
    for aud in [Value::Null, json!([])] {
        let token = signed(&header(), &with(claims(), "aud", aud));
        let refused = crate::support::verify(&token).err();
        assert_eq!(refused, Some(Rejection::MissingClaim { claim: "aud" }));
    }
}
