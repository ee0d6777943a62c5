use std::time::Duration;

use handstamp_token::{
    Algorithm, KeySet, NoClaims, Rejection, SigningKey, SystemEntropy, TokenBuilder, UnixTime, Validator,
    ValidatorError,
};
use serde_json::{Value, json};

use crate::support::{
    AUDIENCE, ISSUER, NOW, claims, header, keys, signed, verify_with_claim, verify_with_header, with,
};

const HS256: &[Algorithm] = &[Algorithm::Hs256];
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const LIST: &str = "https://auth.example.com/status/1";

fn check(validator: Result<Validator, ValidatorError>, typ: Value, claims: &Value) -> Result<(), Rejection> {
    let token = signed(&with(header(), "typ", typ), claims);
    validator.expect("a validator").verify::<NoClaims>(&token, &keys(), NOW).map(|_| ())
}

fn logout_claims() -> Value {
    with(with(claims(), "events", json!({ LOGOUT_EVENT: {} })), "exp", json!(NOW.as_secs() + 120))
}

fn status_claims() -> Value {
    with(with(claims(), "status_list", json!({ "bits": 1, "lst": "eNrbuRgAAhcBXQ" })), "sub", json!(LIST))
}

#[test]
fn kinds_of_token_exclude_each_other() {
    let validators = [
        ("at+jwt", Validator::access_token(ISSUER, AUDIENCE, HS256), claims()),
        ("JWT", Validator::id_token(ISSUER, AUDIENCE, HS256), claims()),
        ("logout+jwt", Validator::logout_token(ISSUER, AUDIENCE, HS256), logout_claims()),
        ("statuslist+jwt", Validator::status_list(ISSUER, LIST, HS256), status_claims()),
        ("example-invite+jwt", Validator::typed("example-invite+jwt", ISSUER, AUDIENCE, HS256), claims()),
    ];
    for (own, validator, claims) in &validators {
        for (typ, ..) in &validators {
            let outcome = check(validator.clone(), json!(typ), claims);
            if own == typ {
                assert_eq!(outcome, Ok(()), "{own}");
            } else {
                let expected = Rejection::WrongType { expected: own, actual: Some((*typ).to_owned()) };
                assert_eq!(outcome, Err(expected));
            }
        }
    }
}

#[test]
fn an_access_token_must_say_so() {
    assert_eq!(
        verify_with_header("typ", Value::Null).err(),
        Some(Rejection::WrongType { expected: "at+jwt", actual: None })
    );
    for typ in ["JWT", "jwt+at", "at", "at+jwt ", "text/at+jwt", "application/application/at+jwt"] {
        assert!(
            matches!(verify_with_header("typ", json!(typ)).err(), Some(Rejection::WrongType { .. })),
            "{typ}"
        );
    }
    for typ in ["at+jwt", "application/at+jwt", "AT+JWT", "Application/AT+jwt"] {
        assert!(verify_with_header("typ", json!(typ)).is_ok(), "{typ}");
    }
}

#[test]
fn an_access_token_has_subject_issue_time_and_id() {
    for claim in ["sub", "iat", "jti"] {
        let refused = verify_with_claim(claim, Value::Null).err();
        assert!(matches!(&refused, Some(Rejection::MissingClaim { claim: c }) if *c == claim), "{refused:?}");
    }
}

#[test]
fn a_plain_jwt_may_leave_out_its_type() {
    assert_eq!(check(Validator::jwt(ISSUER, AUDIENCE, HS256), Value::Null, &claims()), Ok(()));
    assert_eq!(check(Validator::jwt(ISSUER, AUDIENCE, HS256), json!("JWT"), &claims()), Ok(()));
    assert!(check(Validator::jwt(ISSUER, AUDIENCE, HS256), json!("at+jwt"), &claims()).is_err());
}

#[test]
fn an_id_token_repeats_the_nonce_of_its_login() {
    let validator = || Validator::id_token(ISSUER, AUDIENCE, HS256).map(|validator| validator.nonce("n1"));
    assert_eq!(check(validator(), json!("JWT"), &with(claims(), "nonce", json!("n1"))), Ok(()));
    for nonce in [json!("n2"), Value::Null] {
        let refused = check(validator(), json!("JWT"), &with(claims(), "nonce", nonce));
        assert!(matches!(refused, Err(Rejection::WrongValue { claim: "nonce", .. })));
    }
}

#[test]
fn an_id_token_for_several_names_the_client_it_was_issued_to() {
    let several = with(claims(), "aud", json!([AUDIENCE, "https://other.example.com"]));
    let validator = || Validator::id_token(ISSUER, AUDIENCE, HS256);
    let refused = check(validator(), json!("JWT"), &several);
    assert_eq!(refused, Err(Rejection::MissingClaim { claim: "azp" }));
    assert_eq!(check(validator(), json!("JWT"), &with(several.clone(), "azp", json!(AUDIENCE))), Ok(()));
    let refused = check(validator(), json!("JWT"), &with(several, "azp", json!("https://other.example.com")));
    assert!(matches!(refused, Err(Rejection::WrongValue { claim: "azp", .. })));
}

#[test]
fn an_old_sign_in_is_refused_where_its_age_counts() {
    let limit = Duration::from_mins(1);
    let validator = || Validator::id_token(ISSUER, AUDIENCE, HS256).map(|validator| validator.max_age(limit));
    let at = |seconds: i64| with(claims(), "auth_time", json!(NOW.as_secs() - seconds));
    assert_eq!(check(validator(), json!("JWT"), &at(90)), Ok(()), "within age and leeway");
    assert!(matches!(check(validator(), json!("JWT"), &at(91)), Err(Rejection::AuthTooOld { .. })));
    assert_eq!(
        check(validator(), json!("JWT"), &claims()),
        Err(Rejection::MissingClaim { claim: "auth_time" })
    );
}

#[test]
fn a_logout_token_carries_its_event_and_no_nonce() {
    let validator = || Validator::logout_token(ISSUER, AUDIENCE, HS256);
    let typ = || json!("logout+jwt");
    assert_eq!(check(validator(), typ(), &logout_claims()), Ok(()));
    let refused = check(validator(), typ(), &with(logout_claims(), "nonce", json!("n1")));
    assert_eq!(refused, Err(Rejection::ForbiddenClaim { claim: "nonce" }));
    let refused = check(validator(), typ(), &with(logout_claims(), "events", Value::Null));
    assert_eq!(refused, Err(Rejection::MissingClaim { claim: "events" }));
    for events in [json!({}), json!([LOGOUT_EVENT]), json!({ LOGOUT_EVENT: true })] {
        let refused = check(validator(), typ(), &with(logout_claims(), "events", events));
        assert!(matches!(refused, Err(Rejection::WrongValue { claim: "events", .. })));
    }
}

#[test]
fn a_logout_token_names_a_user_or_a_session() {
    let validator = || Validator::logout_token(ISSUER, AUDIENCE, HS256);
    let nobody = with(logout_claims(), "sub", Value::Null);
    let refused = check(validator(), json!("logout+jwt"), &nobody);
    assert_eq!(refused, Err(Rejection::MissingClaim { claim: "sub" }));
    assert_eq!(check(validator(), json!("logout+jwt"), &with(nobody, "sid", json!("s1"))), Ok(()));
}

#[test]
fn a_logout_token_lives_two_minutes_at_most() {
    let long = with(logout_claims(), "exp", json!(NOW.as_secs() + 121));
    let refused = check(Validator::logout_token(ISSUER, AUDIENCE, HS256), json!("logout+jwt"), &long);
    assert!(matches!(refused, Err(Rejection::LifetimeTooLong { .. })));
}

#[test]
fn a_status_list_is_bound_to_the_address_it_came_from() {
    let validator = || Validator::status_list(ISSUER, LIST, HS256);
    let typ = || json!("statuslist+jwt");
    let bare = with(with(status_claims(), "aud", Value::Null), "exp", Value::Null);
    assert_eq!(check(validator(), typ(), &bare), Ok(()), "neither audience nor expiry are asked for");
    let refused =
        check(validator(), typ(), &with(status_claims(), "sub", json!("https://auth.example.com/status/2")));
    assert!(matches!(refused, Err(Rejection::WrongValue { claim: "sub", .. })));
    let refused = check(validator(), typ(), &with(status_claims(), "exp", json!(NOW.as_secs() - 31)));
    assert!(matches!(refused, Err(Rejection::Expired { .. })), "an expiry that is there counts");
}

fn assertion(typ: &'static str, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Result<(), Rejection> {
    let key = SigningKey::generate(Algorithm::Es256).expect("a key");
    let keys = KeySet::new([key.verifying_key()]).expect("a key set");
    let builder = TokenBuilder::typed(typ, "worker", "https://auth.example/oauth2/token");
    let now = UnixTime::from_secs(1_800_000_000);
    let token = change(builder.lifetime("1 minute")).sign(&key, now, &SystemEntropy).expect("signed");
    let audiences = vec!["https://auth.example".to_owned(), "https://auth.example/oauth2/token".to_owned()];
    let validator =
        Validator::client_assertion("worker", audiences, &[Algorithm::Es256]).expect("a validator");
    validator.verify::<NoClaims>(token.as_str(), &keys, now).map(drop)
}

#[test]
fn rfc7523_an_assertion_is_taken_under_its_own_type_and_the_usual_one() {
    for typ in ["JWT", "client-authentication+jwt"] {
        assert_eq!(assertion(typ, |builder| builder.subject("worker")), Ok(()), "{typ}");
    }
}

#[test]
fn rfc7523_another_kind_of_token_is_no_assertion() {
    let refused = assertion("at+jwt", |builder| builder.subject("worker"));
    assert!(matches!(refused, Err(Rejection::WrongType { .. })), "{refused:?}");
}

#[test]
fn rfc7523_the_subject_of_an_assertion_is_the_client() {
    let refused = assertion("JWT", |builder| builder.subject("other"));
    assert!(matches!(refused, Err(Rejection::WrongValue { claim: "sub", .. })), "{refused:?}");
    let refused = assertion("JWT", |builder| builder);
    assert!(matches!(refused, Err(Rejection::MissingClaim { claim: "sub" })), "{refused:?}");
}

#[test]
fn rfc7523_an_assertion_expires_within_minutes() {
    let refused = assertion("JWT", |builder| builder.subject("worker").lifetime("6 minutes"));
    assert!(matches!(refused, Err(Rejection::LifetimeTooLong { .. })), "{refused:?}");
}
