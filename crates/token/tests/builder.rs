use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use handstamp_token::{Entropy, SignError, TokenBuilder, UnixTime, dangerous};
use serde::Serialize;
use serde_json::json;

use crate::support::{AUDIENCE, ISSUER, NOW, access_validator, key, keys};

/// Counts instead of drawing.
struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, dest: &mut [u8]) {
        for byte in dest {
            *byte = self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn entropy() -> Counting {
    Counting(AtomicU8::new(0))
}

fn builder() -> TokenBuilder {
    TokenBuilder::access_token(ISSUER, AUDIENCE).subject("user-17").lifetime("15 minutes")
}

fn payload(builder: TokenBuilder) -> String {
    let token = builder.sign(&key(), NOW, &entropy()).expect("signed");
    dangerous::decode_unverified(token.as_str()).expect("well-formed").unverified_payload
}

#[test]
fn the_registered_claims_come_by_themselves() {
    insta::assert_snapshot!(payload(builder()), @r#"{"iss":"https://auth.example.com","aud":"https://api.example.com","sub":"user-17","exp":1800000900,"iat":1800000000,"jti":"AAECAwQFBgcICQoLDA0ODw"}"#);
}

#[test]
fn further_claims_come_one_by_one_or_from_a_struct() {
    #[derive(Serialize)]
    struct Claims {
        roles: Vec<&'static str>,
        tenant: &'static str,
    }
    #[derive(Serialize)]
    struct Empty {}
    let builder = builder()
        .client_id("web")
        .not_before(NOW)
        .claim("quote\"d", "line\nbreak")
        .claims(&Empty {})
        .claims(&Claims { roles: vec!["a"], tenant: "acme" });
    insta::assert_snapshot!(payload(builder), @r#"{"iss":"https://auth.example.com","aud":"https://api.example.com","sub":"user-17","client_id":"web","nbf":1800000000,"quote\"d":"line\nbreak","roles":["a"],"tenant":"acme","exp":1800000900,"iat":1800000000,"jti":"AAECAwQFBgcICQoLDA0ODw"}"#);
}

#[test]
fn several_audiences_become_an_array() {
    let builder = TokenBuilder::access_token(ISSUER, ["a", "b"]).lifetime(Duration::from_secs(1));
    assert!(payload(builder).contains(r#""aud":["a","b"]"#));
}

#[test]
fn what_is_built_is_accepted() {
    let token = builder().sign(&key(), NOW, &entropy()).expect("signed");
    let verified = access_validator().verify::<handstamp_token::NoClaims>(token.as_str(), &keys(), NOW);
    let verified = verified.expect("accepted");
    assert_eq!(verified.registered().exp(), token.expires_at());
    assert_eq!(verified.registered().jti(), Some(token.token_id()));
}

#[test]
fn token_ids_differ() {
    let entropy = handstamp_token::SystemEntropy;
    let sign = || builder().sign(&key(), NOW, &entropy).expect("signed").token_id().to_owned();
    assert_ne!(sign(), sign());
}

#[test]
fn a_token_without_lifetime_is_not_made() {
    let refused = TokenBuilder::access_token(ISSUER, AUDIENCE).sign(&key(), NOW, &entropy()).err();
    assert_eq!(refused, Some(SignError::NoLifetime));
}

#[test]
fn a_lifetime_that_is_none_is_refused() {
    for text in ["soon", "-1h", "0s", "1 month", ""] {
        let refused = builder().lifetime(text).sign(&key(), NOW, &entropy()).err();
        assert!(matches!(refused, Some(SignError::Lifetime { .. })), "{text:?}");
    }
    let refused = builder().lifetime(Duration::MAX).sign(&key(), NOW, &entropy()).err();
    assert!(matches!(refused, Some(SignError::Lifetime { .. })));
    let refused = builder().sign(&key(), UnixTime::from_secs(i64::MAX), &entropy()).err();
    assert!(matches!(refused, Some(SignError::Lifetime { .. })));
}

#[test]
fn a_claim_set_twice_is_refused() {
    let twice = |claim: &str| Some(SignError::DuplicateClaim { claim: claim.to_owned() });
    assert_eq!(builder().claim("exp", 1).sign(&key(), NOW, &entropy()).err(), twice("exp"));
    assert_eq!(builder().subject("other").sign(&key(), NOW, &entropy()).err(), twice("sub"));
    let overriding = builder().claims(&json!({ "iss": "https://attacker.example" }));
    assert_eq!(overriding.sign(&key(), NOW, &entropy()).err(), twice("iss"));
}

#[test]
fn claims_that_are_no_struct_or_map_are_refused() {
    let refused = builder().claims(&[1, 2]).sign(&key(), NOW, &entropy()).err();
    assert!(matches!(refused, Some(SignError::NotAnObject { .. })));
}
