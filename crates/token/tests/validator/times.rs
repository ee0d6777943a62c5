use std::time::Duration;

use handstamp_token::{NoClaims, Rejection, UnixTime, Validator};
use serde_json::{Value, json};

use crate::support::{NOW, access_validator, claims, header, keys, signed, verify_with_claim, with};

const LEEWAY: Duration = Validator::DEFAULT_LEEWAY;

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_secs(seconds)
}

#[test]
fn a_token_lives_until_the_second_before_exp_and_the_leeway() {
    let token = signed(&header(), &claims());
    let exp = at(NOW.as_secs() + 300);
    let verify = |now| access_validator().verify::<NoClaims>(&token, &keys(), now);
    let last = exp.saturating_add(LEEWAY).saturating_sub(Duration::from_secs(1));
    assert!(verify(last).is_ok());
    let now = exp.saturating_add(LEEWAY);
    assert_eq!(verify(now).err(), Some(Rejection::Expired { exp, now, leeway: LEEWAY }));
    let strict = access_validator().leeway(Duration::ZERO);
    let refused = strict.verify::<NoClaims>(&token, &keys(), exp).err();
    assert_eq!(refused, Some(Rejection::Expired { exp, now: exp, leeway: Duration::ZERO }));
}

#[test]
fn a_token_without_exp_is_refused() {
    assert_eq!(verify_with_claim("exp", Value::Null).err(), Some(Rejection::MissingClaim { claim: "exp" }));
}

#[test]
fn a_token_is_refused_before_nbf() {
    let nbf = NOW.as_secs() + 31;
    let refused = verify_with_claim("nbf", json!(nbf)).err();
    assert_eq!(refused, Some(Rejection::NotYetValid { nbf: at(nbf), now: NOW, leeway: LEEWAY }));
    assert!(verify_with_claim("nbf", json!(nbf - 1)).is_ok());
}

#[test]
fn a_token_from_the_future_is_refused() {
    let iat = NOW.as_secs() + 31;
    let refused = verify_with_claim("iat", json!(iat)).err();
    assert_eq!(refused, Some(Rejection::IssuedInFuture { iat: at(iat), now: NOW, leeway: LEEWAY }));
    assert!(verify_with_claim("iat", json!(iat - 1)).is_ok());
}

#[test]
fn a_token_that_lives_too_long_is_refused() {
    let limit = Duration::from_secs(299);
    let token = signed(&header(), &claims());
    let (iat, exp) = (NOW, at(NOW.as_secs() + 300));
    let refused = access_validator().max_lifetime(limit).verify::<NoClaims>(&token, &keys(), NOW).err();
    assert_eq!(refused, Some(Rejection::LifetimeTooLong { iat, exp, limit }));
    let exact = access_validator().max_lifetime(Duration::from_mins(5));
    assert!(exact.verify::<NoClaims>(&token, &keys(), NOW).is_ok());
}

#[test]
fn a_token_that_ends_before_it_began_is_refused_where_lifetimes_count() {
    let token = signed(
        &header(),
        &with(with(claims(), "iat", json!(NOW.as_secs() + 20)), "exp", json!(NOW.as_secs() + 10)),
    );
    let refused = access_validator()
        .max_lifetime(Duration::from_mins(5))
        .verify::<NoClaims>(&token, &keys(), NOW)
        .err();
    assert!(matches!(refused, Some(Rejection::LifetimeTooLong { .. })));
}

#[test]
fn required_claims_must_be_there_and_not_null() {
    let validator = access_validator().require("tenant").require("tenant");
    let verify = |tenant: &str| {
        let payload = format!("{{\"tenant\":{tenant},{}", &claims().to_string()[1..]);
        validator.verify::<NoClaims>(
            &crate::support::signed_text(header().to_string(), payload),
            &keys(),
            NOW,
        )
    };
    assert!(verify("\"acme\"").is_ok());
    assert_eq!(verify("null").err(), Some(Rejection::MissingClaim { claim: "tenant" }));
    let refused = validator.verify::<NoClaims>(&signed(&header(), &claims()), &keys(), NOW).err();
    assert_eq!(refused, Some(Rejection::MissingClaim { claim: "tenant" }));
}

#[test]
fn the_ends_of_time_do_not_panic() {
    let token = signed(&header(), &with(claims(), "exp", json!(UnixTime::MAX_IN_TOKEN.as_secs())));
    for now in [i64::MIN, -1, 0, i64::MAX] {
        let outcome =
            access_validator().max_lifetime(Duration::MAX).verify::<NoClaims>(&token, &keys(), at(now));
        assert!(outcome.is_err(), "{now}");
    }
}
