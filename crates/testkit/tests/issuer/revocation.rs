use std::time::Duration;

use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};
use handstamp_testkit::TestIssuer;
use handstamp_verify::Verifier;
use handstamp_verify::revocation::SilencePolicy;

use super::verdict;

#[test]
fn a_session_that_ended_takes_its_tokens_along_and_no_others() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier();
    let (ended, other) = (issuer.token().sid("s1").mint(), issuer.token().sid("s2").mint());

    issuer.end_session("s1");

    assert_eq!([verdict(&verifier, &ended), verdict(&verifier, &other)], ["token_revoked", "accepted"]);
}

#[test]
fn a_token_that_was_taken_back_is_over_alone() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier();
    let (one, two) = (issuer.token().sid("s1").mint(), issuer.token().sid("s1").mint());

    issuer.revoke_token(&one).unwrap();

    assert_eq!([verdict(&verifier, &one), verdict(&verifier, &two)], ["token_revoked", "accepted"]);
}

#[test]
fn after_a_change_of_roles_old_tokens_are_stale_and_new_ones_good() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier();
    let old = issuer.token().sub("ann").mint();

    issuer.change_claims("ann");

    let new = issuer.token().sub("ann").mint();
    assert_eq!([verdict(&verifier, &old), verdict(&verifier, &new)], ["token_stale", "accepted"]);
}

#[test]
fn every_level_can_be_revoked() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier();
    let token = || issuer.token().sub("ann").org("acme").client("web").mint();

    for (level, value) in [
        (RevocationLevel::Organization, "acme"),
        (RevocationLevel::Client, "web"),
        (RevocationLevel::All, ""),
    ] {
        let token = token();
        assert_eq!(verdict(&verifier, &token), "accepted", "{level:?}");
        issuer.revoke(level, value, RevocationKind::Dead);
        assert_eq!(verdict(&verifier, &token), "token_revoked", "{level:?}");
    }
}

#[test]
fn time_that_passes_with_news_is_no_silence() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier();
    let token = issuer.token().expires_in(Duration::from_hours(3)).mint();

    issuer.advance(Duration::from_hours(1));

    assert_eq!(verdict(&verifier, &token), "accepted");
}

#[test]
fn in_silence_each_service_does_what_its_policy_says() {
    let issuer = TestIssuer::start();
    let token = issuer.token().expires_in(Duration::from_hours(3)).mint();
    let verifier: Verifier = issuer.verifier();

    issuer.advance_in_silence(Duration::from_mins(1));

    assert_eq!(verdict(&verifier, &token), "unavailable");
    assert_eq!(verdict(&verifier.when_silent(SilencePolicy::serve_stale()), &token), "accepted");
}

#[test]
fn what_is_no_token_cannot_be_taken_back() {
    assert!(TestIssuer::start().revoke_token("a.b.c").is_err());
}
