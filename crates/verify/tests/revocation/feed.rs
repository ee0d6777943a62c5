use super::auth_service::Network;
use super::*;
use handstamp_api_types::revocation::RevocationReport;
use handstamp_verify::revocation::{ClientSecret, FeedError};
use tokio::time::Instant;

#[tokio::test]
async fn no_token_passes_before_the_first_snapshot() {
    let service = AuthService::start().await;
    service.network(Network::Down);
    service.commit("session-1");
    let (revocations, _task) = follow(impatient(&service, FeedAccess::Open));
    sleep(Duration::from_millis(300)).await;
    assert!(matches!(check(&revocations, &session_at("another", 9)), Verdict::Unavailable { .. }));

    service.network(Network::Good);

    until_dead(&revocations, "session-1").await;
    assert_eq!(check(&revocations, &session("another")), Verdict::Pass);
}

#[tokio::test]
async fn news_arrives_by_the_stream_within_a_moment() {
    let service = AuthService::start().await;
    let (revocations, _task) = following(&service).await;
    assert_eq!(check(&revocations, &session("session-1")), Verdict::Pass);
    until("the stream", || revocations.status(now()).connected).await;

    // Each waits for the one before: by heartbeats alone it would take two seconds. One long pause of a busy machine does not
    // count much.
    let began = Instant::now();
    for number in 0..20 {
        let session = format!("session-{number}");
        service.revoke(&session);
        until_dead(&revocations, &session).await;
    }

    assert!(began.elapsed() < Duration::from_millis(1_600), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_log_of_many_batches_is_read_to_its_end_before_it_counts() {
    let service = AuthService::start().await;
    for number in 0..2_345 {
        service.commit(&format!("session-{number}"));
    }

    let (revocations, _task) = following(&service).await;

    for number in (0..2_345).step_by(67) {
        assert_eq!(check(&revocations, &session(&format!("session-{number}"))), Verdict::Dead);
    }
    assert_eq!(revocations.status(now()).position, Some(Rev { epoch: 1, seq: 2_345 }));
}

#[tokio::test]
async fn where_no_stream_gets_through_the_snapshot_is_asked_for() {
    let service = AuthService::start().await;
    service.network(Network::NoStreams);
    let (revocations, _task) = following(&service).await;

    service.commit("session-1");

    until_dead(&revocations, "session-1").await;
    assert!(!revocations.status(now()).connected);
}

#[tokio::test]
async fn a_failing_replica_gives_way_to_the_next() {
    let (broken, good) = (AuthService::start().await, AuthService::start().await);
    broken.network(Network::Down);
    let at = |service: &AuthService| format!("{}/revocations", service.issuer).parse().unwrap();
    let builder = impatient(&good, FeedAccess::Open).url(at(&broken)).url(at(&good));
    let (revocations, _task) = follow(builder);

    until("a stream to the second", || revocations.status(now()).connected).await;
    good.revoke("session-1");

    until_dead(&revocations, "session-1").await;
}

#[tokio::test]
async fn the_client_shows_its_credentials_everywhere() {
    let service = AuthService::start().await;
    // orders:s3cret%2B, because both parts are form-encoded first.
    service.demand("Basic b3JkZXJzOnMzY3JldCUyQg==");
    let (stranger, _task) = follow(impatient(&service, FeedAccess::Open));
    let access = FeedAccess::Client { id: "orders".to_owned(), secret: ClientSecret::new("s3cret+") };
    let (client, _task) = follow(impatient(&service, access));

    until("the client's snapshot", || client.status(now()).ready).await;
    until("the client's report", || !service.reports().is_empty()).await;
    assert!(matches!(check(&stranger, &session("s")), Verdict::Unavailable { .. }));
}

#[tokio::test]
async fn the_issuer_hears_how_far_the_service_is_and_which_keys_it_holds() {
    let service = AuthService::start().await;
    let kids = || vec!["b".to_owned(), "a".to_owned(), "b".to_owned()];
    let (_revocations, _task) = follow(impatient(&service, FeedAccess::Open).held_kids(kids));
    until("a report", || !service.reports().is_empty()).await;

    service.revoke("session-1");
    until("a report of the change", || service.reports().last().is_some_and(|report| report.seq == 1)).await;

    let reports = service.reports();
    // Its own ones, each once, and the one that the feed itself is signed with.
    let own = |report: &RevocationReport| {
        report.kids.iter().filter(|kid| kid.len() == 1).cloned().collect::<Vec<_>>()
    };
    assert!(reports.iter().all(|report| own(report) == ["a", "b"] && report.epoch == 1));
    assert_eq!(reports.last().map(|report| report.kids.len()), Some(3));
    assert!(reports.iter().all(|report| report.instance == reports[0].instance));
}

#[tokio::test]
async fn a_token_that_knows_more_makes_the_service_ask_at_once() {
    let service = AuthService::start().await;
    let (revocations, _task) = following(&service).await;
    until("the stream", || revocations.status(now()).connected).await;
    let polls = service.polls();
    // Committed by a replica that was killed before it could publish; the heartbeats' replica has not seen it either.
    let seq = service.commit("session-1");

    let _ = check(&revocations, &session_at("session-2", seq));

    until("a poll", || service.polls() > polls).await;
    until_dead(&revocations, "session-1").await;
}

#[tokio::test]
async fn who_never_gives_a_silent_stream_up_still_hears_what_it_brings() {
    let service = AuthService::start().await;
    let (revocations, _task) = follow(impatient(&service, FeedAccess::Open).heartbeat_timeout(Duration::MAX));
    until("the stream", || revocations.status(now()).connected).await;

    service.revoke("session-1");

    until_dead(&revocations, "session-1").await;
}

#[tokio::test]
async fn the_feed_ends_with_its_handle() {
    let service = AuthService::start().await;
    let (revocations, task) = following(&service).await;

    drop(task);
    sleep(Duration::from_millis(50)).await;
    service.revoke("session-1");
    sleep(Duration::from_millis(300)).await;

    assert_eq!(check(&revocations, &session("session-1")), Verdict::Pass);
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused() {
    let far = || Feed::builder("http://auth.example", FeedAccess::Open);
    let spawn =
        |builder: FeedBuilder| builder.spawn(Arc::new(SystemClock), Arc::new(SystemEntropy)).map(drop);

    assert!(matches!(spawn(far()), Err(FeedError::Address { .. })));
    assert!(spawn(far().dangerous_plain_http()).is_ok());
    assert!(matches!(spawn(Feed::builder("", FeedAccess::Open)), Err(FeedError::Issuer(_))));
}
