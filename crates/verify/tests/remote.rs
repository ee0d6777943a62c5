//! Keys from a real issuer on this machine. Time is tokio's paused clock: it moves when everybody waits.

use std::process::Command;
use std::time::Duration;

use handstamp_api_types::ErrorCode;
use handstamp_token::{Algorithm, SigningKey, TokenBuilder};
use handstamp_verify::revocation::{Feed, FeedAccess, SilencePolicy};
use handstamp_verify::{AuthError, BuildError, Verifier, VerifierBuilder};
use tokio::time::{Instant, advance, sleep};

use crate::support::issuer::{Behaviour, Issuer};
use crate::support::{HandClock, KEY, new_key, signed_by};

fn builder(issuer: &Issuer) -> VerifierBuilder {
    undecided(issuer).without_revocations()
}

/// All but a word on revocations.
fn undecided(issuer: &Issuer) -> VerifierBuilder {
    Verifier::builder(issuer.url.clone())
        .audience("orders")
        .algorithms(&[Algorithm::Es256])
        .clock(HandClock::new())
}

fn token(issuer: &Issuer, key: &SigningKey) -> String {
    signed_by(key, TokenBuilder::access_token(issuer.url.clone(), "orders").subject("ada").lifetime("10m"))
}

async fn code(verifier: &Verifier, token: &str) -> Result<(), ErrorCode> {
    verifier.verify(token).await.map(drop).map_err(|error| error.code())
}

/// Lets the verifier fetch until it has keys.
async fn until_keys(verifier: &Verifier) {
    while !verifier.has_keys() {
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_before_anybody_asks() {
    let issuer = Issuer::start(&[&KEY]).await;
    let verifier = builder(&issuer).build_remote().unwrap();

    until_keys(&verifier).await;

    assert!(verifier.try_verify(&token(&issuer, &KEY)).is_ok());
    assert_eq!(issuer.key_fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_request_waits_for_the_keys_on_their_way() {
    let issuer = Issuer::start(&[&KEY]).await;
    let verifier = builder(&issuer).build_remote().unwrap();

    assert_eq!(code(&verifier, &token(&issuer, &KEY)).await, Ok(()));
    assert_eq!(issuer.key_fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn openid_discovery_and_a_given_address_work_too() {
    let issuer = Issuer::start(&[&KEY]).await;
    issuer.behave(Behaviour::OpenIdOnly);
    let discovering = builder(&issuer).build_remote().unwrap();
    assert_eq!(code(&discovering, &token(&issuer, &KEY)).await, Ok(()));

    issuer.behave(Behaviour::OtherIssuer);
    let told = builder(&issuer).jwks_uri(format!("{}/jwks", issuer.url)).build_remote().unwrap();
    assert_eq!(code(&told, &token(&issuer, &KEY)).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_name_below_localhost_is_this_machine_whatever_a_name_server_says() {
    let issuer = Issuer::start(&[&KEY]).await;
    let near = issuer.url.replace("127.0.0.1", "auth.acme.localhost");
    let verifier = builder(&issuer).jwks_uri(format!("{near}/jwks")).build_remote().unwrap();

    assert_eq!(code(&verifier, &token(&issuer, &KEY)).await, Ok(()));
}

#[test]
fn on_this_machine_no_proxy_that_the_environment_names_stands_between() {
    // Nobody listens there, so whatever goes through it fails. A process is told of it only as it starts.
    let nowhere = "http://127.0.0.1:9";
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "remote::the_first_request_waits_for_the_keys_on_their_way"])
        .envs([("HTTP_PROXY", nowhere), ("http_proxy", nowhere), ("ALL_PROXY", nowhere)])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();

    let said = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn whatever_is_wrong_with_the_issuer_requests_get_a_503_until_it_recovers() {
    for wrong in [
        Behaviour::Down,
        Behaviour::Slow(Duration::from_mins(1)),
        Behaviour::Huge,
        Behaviour::Garbage,
        Behaviour::OtherIssuer,
        Behaviour::Redirecting,
        Behaviour::Empty,
    ] {
        let issuer = Issuer::start(&[&KEY]).await;
        issuer.behave(wrong.clone());
        let verifier = builder(&issuer).build_remote().unwrap();
        let token = token(&issuer, &KEY);

        let error = verifier.verify(&token).await.unwrap_err();
        assert!(matches!(error, AuthError::KeysUnavailable { .. }), "{wrong:?}: {error:?}");
        assert!(error.retry_after().is_some_and(|wait| wait <= Duration::from_mins(1)), "{wrong:?}");

        issuer.behave(Behaviour::Healthy);
        until_keys(&verifier).await;
        assert_eq!(code(&verifier, &token).await, Ok(()), "{wrong:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_a_slow_issuer_no_longer_than_the_time_out() {
    let issuer = Issuer::start(&[&KEY]).await;
    issuer.behave(Behaviour::Slow(Duration::from_mins(10)));
    let verifier = builder(&issuer).http_timeout(Duration::from_secs(3)).build_remote().unwrap();
    let asked = Instant::now();

    assert_eq!(code(&verifier, &token(&issuer, &KEY)).await, Err(ErrorCode::Unavailable));
    assert!(asked.elapsed() <= Duration::from_secs(4), "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn garbage_is_refused_without_keys_and_without_a_fetch() {
    let issuer = Issuer::start(&[&KEY]).await;
    issuer.behave(Behaviour::Down);
    let verifier = builder(&issuer).build_remote().unwrap();

    assert_eq!(code(&verifier, "garbage").await, Err(ErrorCode::TokenMalformed));
}

#[tokio::test(start_paused = true)]
async fn a_rotated_key_is_fetched_on_first_sight() {
    let issuer = Issuer::start(&[&KEY]).await;
    let verifier = builder(&issuer).build_remote().unwrap();
    until_keys(&verifier).await;
    let next = new_key();

    advance(Duration::from_secs(31)).await;
    issuer.publish(&[&KEY, &next]);

    assert_eq!(code(&verifier, &token(&issuer, &next)).await, Ok(()));
    assert_eq!(code(&verifier, &token(&issuer, &KEY)).await, Ok(()));
    assert_eq!(issuer.key_fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_tokens_with_unknown_keys_cause_one_fetch_per_cooldown() {
    let issuer = Issuer::start(&[&KEY]).await;
    let verifier = builder(&issuer).refresh_interval(Duration::from_hours(9)).build_remote().unwrap();
    until_keys(&verifier).await;
    let stranger = token(&issuer, &new_key());

    for cooldowns in 1..=3 {
        advance(Duration::from_secs(31)).await;
        let storm = (0..1000).map(|_| code(&verifier, &stranger));
        for refused in futures_util::future::join_all(storm).await {
            assert_eq!(refused, Err(ErrorCode::TokenInvalid));
        }
        assert_eq!(code(&verifier, &stranger).await, Err(ErrorCode::TokenInvalid));
        assert_eq!(issuer.key_fetches(), 1 + cooldowns);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_with_another_algorithm_causes_no_fetch() {
    let issuer = Issuer::start(&[&KEY]).await;
    let verifier = builder(&issuer).build_remote().unwrap();
    until_keys(&verifier).await;
    advance(Duration::from_secs(31)).await;

    let other_algorithm = token(&issuer, &SigningKey::generate(Algorithm::EdDsa).unwrap());

    assert_eq!(code(&verifier, &other_algorithm).await, Err(ErrorCode::TokenInvalid));
    assert_eq!(issuer.key_fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn keys_outlive_an_issuer_that_is_away() {
    let issuer = Issuer::start(&[&KEY]).await;
    let verifier = builder(&issuer).build_remote().unwrap();
    until_keys(&verifier).await;

    issuer.behave(Behaviour::Down);
    sleep(Duration::from_hours(1)).await;

    let tries = issuer.requests();
    assert!((50..150).contains(&tries), "it kept trying, once a minute at most: {tries}");
    assert_eq!(code(&verifier, &token(&issuer, &KEY)).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_is_a_503_while_the_issuer_is_away() {
    let issuer = Issuer::start(&[&KEY]).await;
    let verifier = builder(&issuer).build_remote().unwrap();
    until_keys(&verifier).await;
    issuer.behave(Behaviour::Down);
    let next = new_key();
    advance(Duration::from_secs(31)).await;

    assert_eq!(code(&verifier, &token(&issuer, &next)).await, Err(ErrorCode::Unavailable));

    issuer.publish(&[&KEY, &next]);
    issuer.behave(Behaviour::Healthy);
    sleep(Duration::from_mins(1)).await;
    assert_eq!(code(&verifier, &token(&issuer, &next)).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_too_old_are_not_believed() {
    let issuer = Issuer::start(&[&KEY]).await;
    let verifier = builder(&issuer).keys_max_stale(Duration::from_hours(2)).build_remote().unwrap();
    until_keys(&verifier).await;

    issuer.behave(Behaviour::Down);
    sleep(Duration::from_hours(3)).await;

    assert_eq!(code(&verifier, &token(&issuer, &KEY)).await, Err(ErrorCode::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_key_is_forgotten_at_the_next_refresh() {
    let issuer = Issuer::start(&[&KEY]).await;
    let verifier = builder(&issuer).build_remote().unwrap();
    until_keys(&verifier).await;
    assert_eq!(code(&verifier, &token(&issuer, &KEY)).await, Ok(()));

    issuer.publish(&[&new_key()]);
    sleep(Duration::from_mins(6)).await;

    assert_eq!(code(&verifier, &token(&issuer, &KEY)).await, Err(ErrorCode::TokenInvalid));
}

#[tokio::test(start_paused = true)]
async fn who_wants_no_look_at_the_keys_between_refreshes_still_gets_the_refreshes() {
    let issuer = Issuer::start(&[&KEY]).await;
    let verifier = builder(&issuer).unknown_key_cooldown(Duration::MAX).build_remote().unwrap();
    until_keys(&verifier).await;

    issuer.publish(&[&new_key()]);
    sleep(Duration::from_mins(6)).await;

    assert_eq!(code(&verifier, &token(&issuer, &KEY)).await, Err(ErrorCode::TokenInvalid));
}

#[tokio::test(start_paused = true)]
async fn times_without_end_do_not_end_the_search_for_unknown_keys() {
    let issuer = Issuer::start(&[&KEY]).await;
    let endless = builder(&issuer).refresh_interval(Duration::MAX).http_timeout(Duration::MAX);
    let verifier = endless.build_remote().unwrap();
    until_keys(&verifier).await;
    let next = new_key();

    advance(Duration::from_secs(31)).await;
    issuer.publish(&[&KEY, &next]);

    assert_eq!(code(&verifier, &token(&issuer, &next)).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn fetching_ends_with_the_verifier() {
    let issuer = Issuer::start(&[&KEY]).await;
    let verifier = builder(&issuer).build_remote().unwrap();
    until_keys(&verifier).await;

    drop(verifier);
    sleep(Duration::from_hours(1)).await;

    assert_eq!(issuer.key_fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_verifier_that_follows_a_feed_waits_for_its_first_snapshot() {
    let issuer = Issuer::start(&[&KEY]).await;
    let following = |policy| {
        let feed = Feed::builder(issuer.url.clone(), FeedAccess::Open);
        undecided(&issuer).follow_revocations(feed, policy).build_remote().unwrap()
    };
    let (careful, lenient) =
        (following(SilencePolicy::young_only()), following(SilencePolicy::serve_stale()));
    let token = token(&issuer, &KEY);

    let error = careful.verify(&token).await.unwrap_err();
    assert!(matches!(error, AuthError::RevocationsUnavailable { .. }), "{error:?}");
    assert_eq!(code(&lenient, &token).await, Ok(()));
    sleep(Duration::from_secs(5)).await;
    assert!(issuer.asked_for("/revocations"), "the verifier looks for the feed by itself");
}

#[tokio::test]
async fn a_feed_that_must_not_be_asked_is_refused_when_building() {
    let built = Verifier::builder("https://auth.example")
        .audience("orders")
        .algorithms(&[Algorithm::Es256])
        .follow_revocations(Feed::builder("http://auth.example", FeedAccess::Open), SilencePolicy::refuse())
        .build_remote();

    assert!(matches!(built, Err(BuildError::Feed { .. })), "{built:?}");
}

#[tokio::test]
async fn an_issuer_that_must_not_be_asked_is_refused_when_building() {
    for issuer in ["http://auth.example", "ftp://auth.example", "auth.example", "file:///keys"] {
        let built = Verifier::builder(issuer)
            .audience("orders")
            .algorithms(&[Algorithm::Es256])
            .without_revocations()
            .build_remote();

        assert_eq!(built.unwrap_err(), BuildError::Address { given: issuer.to_owned() });
    }
}

#[test]
fn building_outside_a_runtime_says_so() {
    let built = Verifier::builder("https://auth.example").audience("orders").algorithms(&[Algorithm::Es256]);

    assert_eq!(built.build_remote().unwrap_err(), BuildError::NoRuntime);
}
