use super::auth_service::Network;
use super::*;
use handstamp_api_types::revocation::{BATCH_TYP, RevocationBatch};
use handstamp_token::{Algorithm, SigningKey};

async fn streaming(service: &AuthService) -> (Revocations, FeedTask) {
    let (revocations, task) = following(service).await;
    until("the stream", || revocations.status(now()).connected).await;
    (revocations, task)
}

/// Ends twenty sessions over this network, and waits until all of them are refused.
async fn twenty_over(network: Network) -> (AuthService, Revocations, FeedTask) {
    let service = AuthService::start().await;
    let (revocations, task) = streaming(&service).await;
    service.network(network);
    for number in 0..20 {
        service.revoke(&format!("session-{number}"));
        sleep(Duration::from_millis(5)).await;
    }
    for number in 0..20 {
        until_dead(&revocations, &format!("session-{number}")).await;
    }
    assert_eq!(check(&revocations, &session("another")), Verdict::Pass);
    (service, revocations, task)
}

#[tokio::test]
async fn doubled_events_count_once() {
    let (service, revocations, _task) = twenty_over(Network::Doubling).await;

    assert_eq!(service.streams_opened(), 1);
    assert_eq!(revocations.status(now()).events, 20);
}

#[tokio::test]
async fn reordered_events_are_all_heard() {
    let (_service, revocations, _task) = twenty_over(Network::Reordering).await;

    assert!(revocations.status(now()).gaps > 0);
}

#[tokio::test]
async fn lost_events_are_noticed_and_fetched() {
    let (_service, revocations, _task) = twenty_over(Network::Losing).await;

    assert!(revocations.status(now()).gaps > 0);
}

#[tokio::test]
async fn after_a_cut_the_stream_goes_on_where_it_was() {
    let service = AuthService::start().await;
    let (revocations, _task) = streaming(&service).await;
    for number in 0..5 {
        let sid = format!("session-{number}");
        service.cut();
        service.revoke(&sid);
        until_dead(&revocations, &sid).await;
    }
    until("another stream", || service.streams_opened() > 1).await;
}

#[tokio::test]
async fn a_half_open_connection_is_given_up_and_tokens_are_refused_by_policy_meanwhile() {
    let service = AuthService::start().await;
    let (revocations, _task) = streaming(&service).await;
    service.network(Network::Mute);
    service.revoke("session-1");

    let strict = SilencePolicy::Refuse { max_stale: Duration::from_secs(2) };
    let refused =
        || revocations.check(&session("session-1"), &Memo::default(), strict, now()) != Verdict::Pass;
    until("the silence to be noticed", refused).await;
    service.network(Network::Good);

    until_dead(&revocations, "session-1").await;
    until("good tokens to pass again", || {
        revocations.check(&session("another"), &Memo::default(), strict, now()) == Verdict::Pass
    })
    .await;
}

#[tokio::test]
async fn an_auth_service_that_restarts_is_found_again() {
    let service = AuthService::start().await;
    let (revocations, _task) = streaming(&service).await;
    service.network(Network::Down);
    service.cut();
    service.revoke("session-1");
    sleep(Duration::from_millis(500)).await;

    service.network(Network::Good);

    until_dead(&revocations, "session-1").await;
}

#[tokio::test]
async fn a_failover_that_lost_commits_revives_nobody() {
    let service = AuthService::start().await;
    let (revocations, _task) = streaming(&service).await;
    let kept = service.revoke("session-1");
    service.revoke("session-2");
    until_dead(&revocations, "session-2").await;

    service.fail_over(1);

    until("the new log", || revocations.status(now()).position.is_some_and(|position| position.epoch == 2))
        .await;
    until("everybody to be stale", || {
        matches!(check(&revocations, &session_at("good", kept)), Verdict::Stale { .. })
    })
    .await;
    assert_eq!(check(&revocations, &session_at("session-2", kept)), Verdict::Dead);
    let fresh = TokenIdentity { rev: Some(Rev { epoch: 2, seq: service.head() }), ..session("session-2") };
    assert_eq!(check(&revocations, &fresh), Verdict::Pass);
}

#[tokio::test]
async fn a_forged_batch_is_refused_and_the_truth_goes_on() {
    let service = AuthService::start().await;
    let (revocations, _task) = streaming(&service).await;
    // The forger knows the key's name, and what a batch looks like.
    let (kid, forged) = service.with(|state| {
        let real = state.signed(&state.batch(0, 0));
        let kid = handstamp_token::UnverifiedToken::parse_document(&real)
            .unwrap()
            .unverified_kid()
            .unwrap()
            .to_owned();
        let event = super::auth_service::event_for("session-1");
        (kid, RevocationBatch { through: 1, head: 1, events: vec![event], ..state.batch(0, 0) })
    });
    let theirs = SigningKey::generate(Algorithm::Es256).unwrap();
    let theirs = theirs.with_key_id(handstamp_token::KeyId::new(kid).unwrap());

    service.inject(&theirs.sign_document(BATCH_TYP, &forged).unwrap());
    until("the forgery to be counted", || revocations.status(now()).refused > 0).await;

    assert_eq!(check(&revocations, &session("session-1")), Verdict::Pass);
    service.revoke("session-2");
    until_dead(&revocations, "session-2").await;
}

#[tokio::test]
async fn another_kind_of_token_of_the_feed_key_is_not_news() {
    let service = AuthService::start().await;
    let (revocations, _task) = streaming(&service).await;
    let wrong = service.with(|state| {
        let event = super::auth_service::event_for("session-1");
        let batch = RevocationBatch { through: 1, head: 1, events: vec![event], ..state.batch(0, 0) };
        state.signed_as("at+jwt", &batch)
    });

    service.inject(&wrong);
    until("it to be counted", || revocations.status(now()).refused > 0).await;

    assert_eq!(check(&revocations, &session("session-1")), Verdict::Pass);
}

#[tokio::test]
async fn garbage_in_the_stream_is_refused_and_the_truth_goes_on() {
    let service = AuthService::start().await;
    let (revocations, _task) = streaming(&service).await;

    for garbage in ["", "null", "a.b.c", "\u{0}\u{7f}"] {
        service.inject(garbage);
        until("the next stream", || revocations.status(now()).connected).await;
    }

    service.revoke("session-1");
    until_dead(&revocations, "session-1").await;
}

#[tokio::test]
async fn a_recorded_batch_takes_nothing_back() {
    let service = AuthService::start().await;
    let (revocations, _task) = streaming(&service).await;
    let recorded = service.with(|state| state.signed(&state.batch(0, 0)));
    service.revoke("session-1");
    until_dead(&revocations, "session-1").await;
    let position = revocations.status(now()).position;

    for _ in 0..10 {
        service.inject(&recorded);
    }
    service.revoke("session-2");
    until_dead(&revocations, "session-2").await;

    assert_eq!(check(&revocations, &session("session-1")), Verdict::Dead);
    assert_eq!(
        (position, revocations.status(now()).position),
        (Some(Rev { epoch: 1, seq: 1 }), Some(Rev { epoch: 1, seq: 2 }))
    );
}

#[tokio::test]
async fn a_new_feed_key_is_fetched_when_a_batch_names_it() {
    let service = AuthService::start().await;
    let (revocations, _task) = streaming(&service).await;

    service.rotate_feed_key();
    service.revoke("session-1");

    // Keys are fetched once in five seconds at most, or whoever stands between could have us fetch without end.
    until_dead(&revocations, "session-1").await;
}
