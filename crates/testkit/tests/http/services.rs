//! A service that knows the issuer's address and nothing else.

use std::time::Duration;

use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};
use handstamp_testkit::TestIssuer;
use handstamp_testkit::http::ServedIssuer;
use handstamp_token::Algorithm;
use handstamp_verify::revocation::status_list::WhenUnknown;
use handstamp_verify::revocation::{Feed, FeedAccess, SilencePolicy};
use handstamp_verify::{AuthError, Verifier, VerifierBuilder};

use super::served;

fn builder(issuer: &ServedIssuer) -> VerifierBuilder {
    Verifier::builder(issuer.url()).audience("orders").algorithms(&[issuer.algorithm()])
}

fn following(issuer: &ServedIssuer) -> Verifier {
    let feed = Feed::builder(issuer.url(), FeedAccess::Open);
    builder(issuer).follow_revocations(feed, SilencePolicy::refuse()).build_remote().unwrap()
}

/// Asks until the answer is the expected one: news take a moment over a socket.
async fn settles(verifier: &Verifier, token: &str, expected: &str) {
    let mut last = "";
    for _ in 0..500 {
        let verdict = verifier.verify(token).await;
        last = verdict.as_ref().map_or_else(|refused| refused.code().as_str(), |_| "accepted");
        if last == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{last}, expected {expected}");
}

#[tokio::test]
async fn a_service_finds_the_keys_and_takes_the_tokens() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let issuer = TestIssuer::builder().audience("orders").algorithm(algorithm).serve().await.unwrap();

        settles(&following(&issuer), &issuer.token().sub("ann").mint(), "accepted").await;

        assert_eq!(issuer.requests("/.well-known/jwks.json"), 1);
    }
}

#[tokio::test]
async fn a_service_hears_of_revocations() {
    let issuer = served().await;
    let verifier = following(&issuer);
    let (one, two) = (issuer.token().sid("s1").mint(), issuer.token().sub("ann").mint());
    settles(&verifier, &one, "accepted").await;

    issuer.end_session("s1");
    issuer.change_claims("ann");

    settles(&verifier, &one, "token_revoked").await;
    settles(&verifier, &two, "token_stale").await;
    settles(&verifier, &issuer.token().sub("ann").mint(), "accepted").await;
}

#[tokio::test]
async fn a_service_that_starts_later_hears_of_what_was_before() {
    let issuer = served().await;
    let token = issuer.token().sid("s1").mint();
    // More than one batch holds.
    for number in 0..600 {
        issuer.end_session(&format!("other-{number}"));
    }
    issuer.end_session("s1");

    settles(&following(&issuer), &token, "token_revoked").await;
}

#[tokio::test]
async fn a_service_goes_on_when_the_test_moves_the_clock() {
    let issuer = served().await;
    let feed = Feed::builder(issuer.url(), FeedAccess::Open);
    let with_clock = builder(&issuer).clock(issuer.clock());
    let with_clock = with_clock.follow_revocations(feed, SilencePolicy::refuse()).build_remote().unwrap();
    let with_own_clock = following(&issuer);
    let first = issuer.token().mint();
    settles(&with_clock, &first, "accepted").await;
    settles(&with_own_clock, &first, "accepted").await;

    issuer.advance(Duration::from_hours(1));

    settles(&with_clock, &first, "token_expired").await;
    settles(&with_own_clock, &first, "accepted").await;
    issuer.end_session("s9");
    settles(&with_clock, &issuer.token().mint(), "accepted").await;
}

#[tokio::test]
async fn a_service_that_goes_by_status_lists_sees_what_was_taken_back() {
    let issuer = served().await;
    let verifier = builder(&issuer)
        .check_status_lists(format!("{}/status-lists/", issuer.url()), WhenUnknown::Refuse)
        .build_remote()
        .unwrap();
    let (good, bad) = (issuer.token().sid("s1").mint(), issuer.token().sid("s2").mint());

    issuer.revoke(RevocationLevel::Session, "s2", RevocationKind::Dead);

    settles(&verifier, &bad, "token_revoked").await;
    settles(&verifier, &good, "accepted").await;
}

/// The list that a service keeps has a place for them already.
#[tokio::test]
async fn tokens_made_after_the_list_was_read_are_taken() {
    let issuer = served().await;
    let verifier = builder(&issuer)
        .check_status_lists(format!("{}/status-lists/", issuer.url()), WhenUnknown::Refuse)
        .build_remote()
        .unwrap();
    settles(&verifier, &issuer.token().mint(), "accepted").await;

    for number in 0..64 {
        let verdict = verifier.verify(&issuer.token().mint()).await;

        assert!(verdict.is_ok(), "{number}: {verdict:?}");
    }
}

#[tokio::test]
async fn a_rotated_key_is_found() {
    let issuer = served().await;
    let impatient = builder(&issuer).unknown_key_cooldown(Duration::ZERO);
    let verifier = impatient.without_revocations().build_remote().unwrap();
    settles(&verifier, &issuer.token().mint(), "accepted").await;

    issuer.rotate_key();

    settles(&verifier, &issuer.token().mint(), "accepted").await;
}

#[tokio::test]
async fn a_dropped_issuer_listens_no_more_though_a_stream_was_open() {
    let issuer = served().await;
    let verifier = following(&issuer);
    settles(&verifier, &issuer.token().mint(), "accepted").await;
    let address = issuer.address();

    drop(issuer);

    for _ in 0..500 {
        if tokio::net::TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{address} still answers");
}

#[tokio::test]
async fn a_listener_that_other_machines_reach_is_refused() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();

    let refused = TestIssuer::builder().serve_on(listener).unwrap_err();

    assert!(refused.to_string().contains("can be reached from other machines"), "{refused}");
}

#[tokio::test]
async fn the_verifier_of_this_process_and_that_of_another_agree() {
    let issuer = served().await;
    let token = issuer.token().sid("s1").mint();
    let local = issuer.verifier();
    assert!(local.try_verify(&token).is_ok());

    issuer.end_session("s1");

    assert_eq!(local.try_verify(&token).unwrap_err(), AuthError::Revoked);
    settles(&following(&issuer), &token, "token_revoked").await;
}
