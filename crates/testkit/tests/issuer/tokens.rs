use std::time::Duration;

use handstamp_testkit::TestIssuer;
use handstamp_token::{Algorithm, dangerous};
use serde::Deserialize;
use serde_json::{Value, json};

use super::verdict;

fn claims(token: &str) -> Value {
    serde_json::from_str(&dangerous::decode_unverified(token).unwrap().unverified_payload).unwrap()
}

#[test]
fn a_minted_token_says_what_the_test_asked_for() {
    let issuer = TestIssuer::start();

    let token = issuer.token().sub("ann").role("admin").role("buyer").org("acme").sid("s1").mint();

    let caller = issuer.verifier().try_verify(&token).unwrap();
    assert_eq!((caller.sub(), caller.org_id(), caller.sid()), ("ann", Some("acme"), Some("s1")));
    assert_eq!(caller.roles(), ["admin", "buyer"]);
}

#[test]
fn custom_claims_arrive_in_the_services_own_type() {
    #[derive(Clone, Deserialize)]
    struct Plan {
        plan: String,
    }
    let issuer = TestIssuer::start();

    let token = issuer.token().claim("plan", "gold").mint();

    let caller = issuer.verifier().try_verify(&token).unwrap().with_claims::<Plan>().unwrap();
    assert_eq!(caller.claims().plan, "gold");
}

#[test]
fn every_algorithm_makes_tokens_that_pass() {
    for algorithm in [
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::EdDsa,
        Algorithm::Rs256,
        Algorithm::Ps256,
        Algorithm::Hs256,
    ] {
        let issuer = TestIssuer::builder().algorithm(algorithm).start();

        assert_eq!(verdict(&issuer.verifier(), &issuer.token().mint()), "accepted", "{algorithm}");
    }
}

#[test]
fn a_token_expires_when_the_test_moves_the_clock() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier();
    let token = issuer.token().expires_in(Duration::from_mins(5)).mint();

    issuer.advance(Duration::from_mins(5));
    assert_eq!(verdict(&verifier, &token), "accepted", "within the leeway");
    issuer.advance(Duration::from_secs(30));

    assert_eq!(verdict(&verifier, &token), "token_expired");
}

#[test]
fn a_standing_clock_stands() {
    let issuer = TestIssuer::start();
    let before = issuer.now();

    std::thread::sleep(Duration::from_millis(1100));

    assert_eq!(issuer.now(), before);
}

#[test]
fn one_that_has_expired_is_refused_for_that() {
    let issuer = TestIssuer::start();

    assert_eq!(verdict(&issuer.verifier(), &issuer.token().expired().mint()), "token_expired");
}

#[test]
fn a_claim_can_be_left_out_and_set_again() {
    let issuer = TestIssuer::start();

    assert_eq!(verdict(&issuer.verifier(), &issuer.token().without("sub").mint()), "token_invalid");
    assert_eq!(claims(&issuer.token().without("sub").sub("ann").mint())["sub"], "ann");
}

#[test]
fn an_audience_takes_the_place_of_the_issuers() {
    let issuer = TestIssuer::start();

    let token = issuer.token().audience("billing").audience("orders").mint();

    assert_eq!(claims(&token)["aud"], json!(["billing", "orders"]));
    assert_eq!(verdict(&issuer.verifier(), &token), "token_invalid");
}

#[test]
fn a_machines_token_is_in_no_session() {
    let issuer = TestIssuer::start();

    let token = issuer.token().machine("importer", "orders:write").mint();

    let caller = issuer.verifier().try_verify(&token).unwrap();
    assert!(caller.require_client().is_ok());
    assert!(caller.require_scope("orders:write").is_ok());
}

#[test]
fn how_long_ago_somebody_signed_in_can_be_said() {
    let issuer = TestIssuer::start();
    let caller = |age| {
        issuer.verifier().try_verify(&issuer.token().signed_in_ago(Duration::from_secs(age)).mint()).unwrap()
    };

    let within = |age| caller(age).require_recent_sign_in(Duration::from_mins(5), issuer.now());

    assert!(within(60).is_ok());
    assert!(within(3600).is_err());
}

#[test]
fn tokens_of_one_issuer_open_no_other() {
    let (ours, theirs) = (TestIssuer::start(), TestIssuer::start());

    assert_eq!(verdict(&ours.verifier(), &theirs.token().mint()), "token_invalid");
}

#[test]
fn after_a_rotation_old_and_new_tokens_pass() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier();
    let old = issuer.token().mint();

    issuer.rotate_key();

    let new = issuer.token().mint();
    assert_eq!([verdict(&verifier, &old), verdict(&verifier, &new)], ["accepted", "accepted"]);
    assert_eq!(issuer.jwks().keys.len(), 2);
}

#[test]
#[should_panic(expected = "the token cannot be made: the token would have")]
fn what_no_token_holds_fails_where_it_is_minted() {
    drop(TestIssuer::start().token().claim("padding", "x".repeat(20_000)).mint());
}

#[test]
fn issuers_of_many_tests_at_once_do_not_meet() {
    let threads = (0..8).map(|number| {
        std::thread::spawn(move || {
            let issuer = TestIssuer::start();
            let sub = format!("user-{number}");
            let token = issuer.token().sub(&sub).mint();
            let verifier = issuer.verifier();
            assert_eq!(verifier.try_verify(&token).unwrap().sub(), sub);
            issuer.disable_account(&sub);
            assert_eq!(verdict(&verifier, &token), "token_revoked");
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.join().unwrap();
    }
}
