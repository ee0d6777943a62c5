//! Messages are part of the product: they teach. Codes are a contract.

use std::time::Duration;

use handstamp_token::{Algorithm, Part, Rejection, UnixTime};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const LEEWAY: Duration = Duration::from_secs(30);

fn ago(seconds: i64) -> UnixTime {
    UnixTime::from_secs(NOW.as_secs() - seconds)
}

#[test]
fn messages_say_what_was_expected_and_what_came() {
    let messages: Vec<String> = [
        Rejection::TooLong { limit: 16_384, actual: 20_000 },
        Rejection::NotThreeParts { actual: 2 },
        Rejection::Encrypted,
        Rejection::Base64 { part: Part::Signature },
        Rejection::Unsigned { actual: "nOnE".to_owned() },
        Rejection::AlgorithmNotAllowed {
            expected: vec![Algorithm::Es256, Algorithm::EdDsa],
            actual: "HS256".to_owned(),
        },
        Rejection::KeyAlgorithm {
            kid: "k1".to_owned(),
            expected: Algorithm::Rs256,
            actual: Algorithm::Ps256,
        },
        Rejection::WrongType { expected: "at+jwt", actual: None },
        Rejection::WrongType { expected: "at+jwt", actual: Some("JWT".to_owned()) },
        Rejection::UnknownKey { kid: "k\n2".to_owned() },
        Rejection::MissingKeyId { available: 2 },
        Rejection::BadSignature,
        Rejection::MissingClaim { claim: "exp" },
        Rejection::WrongIssuer { expected: "https://a".to_owned(), actual: "https://a/".to_owned() },
        Rejection::WrongAudience {
            expected: vec!["https://api".to_owned()],
            actual: vec!["https://other".to_owned()],
        },
        Rejection::Expired { exp: ago(200), now: NOW, leeway: LEEWAY },
        Rejection::Expired { exp: NOW, now: NOW, leeway: Duration::ZERO },
        Rejection::NotYetValid { nbf: ago(-7200), now: NOW, leeway: LEEWAY },
        Rejection::IssuedInFuture { iat: ago(-90), now: NOW, leeway: LEEWAY },
        Rejection::LifetimeTooLong { iat: NOW, exp: ago(-86_400), limit: Duration::from_hours(1) },
        Rejection::AuthTooOld { auth_time: ago(172_800), now: NOW, limit: Duration::from_hours(1) },
    ]
    .iter()
    .map(|rejection| format!("{}: {rejection}", rejection.code()))
    .collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    token_malformed: the token has 20000 bytes; at most 16384 are read
    token_malformed: a signed token has three parts joined by dots, this has 2
    token_encrypted: the token is encrypted (five parts); it must be decrypted before it can be verified
    token_malformed: the signature is not canonical base64url: no padding, no other alphabet, no left-over bits
    token_algorithm_refused: the token is unsigned (alg "nOnE"); unsigned tokens are never accepted
    token_algorithm_refused: the algorithm "HS256" is not allowed here; allowed: ES256, EdDSA
    token_algorithm_refused: the key k1 is for RS256 alone, the token says PS256
    token_wrong_type: the token's typ is missing, expected "at+jwt"
    token_wrong_type: the token's typ is "JWT", expected "at+jwt"
    token_unknown_key: no key has the id "k\n2"
    token_unknown_key: the token names no key (kid), and there are 2 to choose from
    token_bad_signature: the signature does not match
    token_claim_missing: the claim "exp" is required and missing
    token_wrong_issuer: the issuer is "https://a/", expected "https://a"
    token_wrong_audience: the token is for ["https://other"], expected one of ["https://api"]
    token_expired: the token expired 3 minutes ago, at 2027-01-15T07:56:40Z (30 s leeway granted)
    token_expired: the token expired just now, at 2027-01-15T08:00:00Z
    token_not_yet_valid: the token becomes valid in 2 hours, at 2027-01-15T10:00:00Z (30 s leeway granted); do the clocks differ?
    token_not_yet_valid: the token claims to be issued in 1 minute, at 2027-01-15T08:01:30Z (30 s leeway granted); do the clocks differ?
    token_lifetime_too_long: the token lives from 2027-01-15T08:00:00Z to 2027-01-16T08:00:00Z; the limit is 1 hour
    token_auth_too_old: the sign-in happened 2 days ago, at 2027-01-13T08:00:00Z; the limit is 1 hour
    "#);
}

#[test]
fn control_characters_of_a_token_never_reach_a_log_line() {
    let hostile = "x\n2026-01-01 INFO signed in as admin\u{1b}[2J".to_owned();
    for rejection in [
        Rejection::UnknownKey { kid: hostile.clone() },
        Rejection::AlgorithmNotAllowed { expected: Vec::new(), actual: hostile.clone() },
        Rejection::WrongIssuer { expected: String::new(), actual: hostile.clone() },
        Rejection::WrongAudience { expected: Vec::new(), actual: vec![hostile.clone()] },
        Rejection::WrongType { expected: "at+jwt", actual: Some(hostile.clone()) },
        Rejection::CriticalHeader { name: hostile.clone() },
        Rejection::Unsigned { actual: hostile },
    ] {
        assert!(!rejection.to_string().chars().any(char::is_control), "{rejection}");
    }
}
