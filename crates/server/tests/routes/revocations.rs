use std::{cell::Cell, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use handstamp_api_types::revocation::{
    MAX_EVENTS_PER_BATCH, RevocationBatch, RevocationKind, RevocationLevel,
};
use handstamp_core::flows::clients::{self, NewClient};
use handstamp_core::flows::{profiles, users};
use handstamp_core::model::{EventKind, NewEvent, Reason, Selector};
use handstamp_core::store::{Changes, Store as _};
use handstamp_core::test_support::SeededEntropy;
use handstamp_token::{KeySet, UnixTime, Validator};
use handstamp_verify::revocation::{ClientSecret, Feed, FeedAccess, SilencePolicy, TokenIdentity, Verdict};
use http::Request;
use tower::ServiceExt as _;

use crate::support::{AUTH, Kit};

pub(super) const NONCE: &str = "0123456789abcdef";

/// Adds a client and returns what it shows.
async fn client(kit: &Kit, scopes: &[&str]) -> (String, String) {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    let new = NewClient { id: "orders".parse().unwrap(), scopes, audiences: [].into() };
    let (_, secret) = clients::add(kit.core(), new, None, kit.rules.clock.now()).await.unwrap();
    (secret.reveal().to_owned(), basic("orders", secret.reveal()))
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", base64_simd::STANDARD.encode_to_string(format!("{id}:{secret}")))
}

pub(super) async fn open() -> Kit {
    Kit::with(&[("revocation.subscribers", "open")]).await
}

/// Signs ann in and out again: one event in the log.
pub(super) async fn sign_in_and_out(kit: &Kit) {
    let (token, _) = kit.tokens("ann").await;
    kit.post("/auth/sign-out").bearer(&token).send().await.expect(200);
}

/// A service whose log tells of three sign-outs.
async fn with_three_sign_outs() -> Kit {
    let kit = open().await;
    kit.user("ann").await;
    for _ in 0..3 {
        sign_in_and_out(&kit).await;
    }
    kit
}

/// Verifies a batch as a service does: under the feed's keys, with the feed's type and audience.
pub(super) async fn read(kit: &Kit, jwt: &str) -> RevocationBatch {
    let jwks = kit.get("/revocations/jwks.json").send().await.expect(200);
    let (keys, _) = KeySet::from_jwks_json(jwks.0.body()).unwrap();
    let algorithms: Vec<_> = keys.iter().map(handstamp_token::VerifyingKey::algorithm).collect();
    let validator =
        Validator::typed("handstamp-rev+jwt", AUTH, "handstamp-revocations", &algorithms).unwrap();
    let now = UnixTime::from_secs(kit.rules.clock.now().as_second());
    validator.verify::<RevocationBatch>(jwt, &keys, now).unwrap().into_claims()
}

/// Opens a stream and returns its events one by one, as (id, batch).
async fn events(kit: &Kit, last_event_id: Option<&str>, count: usize) -> Vec<(String, RevocationBatch)> {
    kit.app.follow_revocations().await;
    let mut request = Request::get(format!("/revocations?nonce={NONCE}"));
    if let Some(id) = last_event_id {
        request = request.header("last-event-id", id);
    }
    let reply = kit.router().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.headers()["content-type"], "text/event-stream");
    assert_eq!(reply.headers()["cache-control"], "no-store");
    let mut body = reply.into_body().into_data_stream();
    let mut found = Vec::new();
    while found.len() < count {
        let next = tokio::time::timeout(Duration::from_secs(5), body.next());
        let text = String::from_utf8(next.await.expect("an event").unwrap().unwrap().to_vec()).unwrap();
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        assert_eq!(field("event: "), "batch");
        found.push((field("id: "), read(kit, &field("data: ")).await));
    }
    found
}

#[tokio::test]
async fn a_stream_begins_with_a_hello_and_then_tells_the_log() {
    let kit = open().await;
    kit.user("ann").await;
    sign_in_and_out(&kit).await;

    let events = events(&kit, None, 2).await;

    let (_, hello) = &events[0];
    assert_eq!(hello.nonce.as_deref(), Some(NONCE));
    assert!(hello.selector_key.is_some() && hello.events.is_empty());
    let (id, told) = &events[1];
    assert_eq!((told.after, told.through, told.head), (0, 1, 1));
    assert_eq!(*id, format!("{}.1", told.epoch));
    assert_eq!(told.nonce, None);
    assert_eq!(told.selector_key, None, "recorded news must name nobody");
    let event = &told.events[0];
    assert_eq!(
        (event.level, event.kind, event.reason.as_str()),
        (RevocationLevel::Session, RevocationKind::Dead, "session_ended")
    );
}

#[tokio::test]
async fn a_reader_that_comes_back_is_told_what_it_missed() {
    let kit = with_three_sign_outs().await;
    let epoch = events(&kit, None, 1).await[0].1.epoch;

    let missed = events(&kit, Some(&format!("{epoch}.2")), 2).await;
    assert_eq!(missed[1].1.events.iter().map(|event| event.seq).collect::<Vec<_>>(), [3]);

    for elsewhere in [format!("{}.2", epoch + 1), format!("{epoch}.99"), "nonsense".to_owned()] {
        let all = events(&kit, Some(&elsewhere), 2).await;
        assert_eq!(
            all[1].1.events.iter().map(|event| event.seq).collect::<Vec<_>>(),
            [1, 2, 3],
            "{elsewhere}"
        );
    }
}

#[tokio::test]
async fn news_reach_an_open_stream() {
    let kit = open().await;
    let ann = kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    let act = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let roles = ["auditor".parse().unwrap()].into();
        users::set_roles(kit.core(), ann.id, roles, None, kit.rules.clock.now()).await.unwrap();
        kit.app.follow_revocations().await;
        kit.post("/auth/sign-out").bearer(&token).send().await
    };

    let (events, _) = tokio::join!(events(&kit, None, 2), act);

    let event = &events[1].1.events[0];
    assert_eq!((event.level, event.kind), (RevocationLevel::Subject, RevocationKind::Stale));
}

#[tokio::test]
async fn a_snapshot_is_the_same_as_a_document() {
    let kit = open().await;
    kit.user("ann").await;
    sign_in_and_out(&kit).await;

    let reply = kit.get(&format!("/revocations/snapshot?nonce={NONCE}")).send().await.expect(200);

    assert_eq!(reply.header("cache-control"), "no-store");
    let batches = reply.json()["batches"].as_array().unwrap().clone();
    let hello = read(&kit, batches[0].as_str().unwrap()).await;
    assert_eq!(hello.nonce.as_deref(), Some(NONCE));
    let told = read(&kit, batches[1].as_str().unwrap()).await;
    assert_eq!(told.events.len(), 1);

    let after = format!("/revocations/snapshot?after={}.1", told.epoch);
    let nothing_new = kit.get(&after).send().await.expect(200);
    assert_eq!(nothing_new.json()["batches"].as_array().unwrap().len(), 1, "a heartbeat alone");
}

#[tokio::test]
async fn a_snapshot_for_nobody_in_particular_can_be_asked_for_again_cheaply() {
    let kit = open().await;
    kit.user("ann").await;
    let first = kit.get("/revocations/snapshot").send().await.expect(200);
    let tag = first.header("etag").to_owned();

    kit.get("/revocations/snapshot").header("if-none-match", tag.as_str()).send().await.expect(304);

    sign_in_and_out(&kit).await;
    kit.get("/revocations/snapshot").header("if-none-match", tag.as_str()).send().await.expect(200);
}

#[tokio::test]
async fn the_feed_has_keys_of_its_own() {
    let kit = open().await;

    let feed = kit.get("/revocations/jwks.json").send().await.expect(200).json();
    let tokens = kit.get("/.well-known/jwks.json").send().await.expect(200).json();

    let kids = |set: &serde_json::Value| -> Vec<String> {
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    assert!(kids(&feed).iter().all(|kid| !kids(&tokens).contains(kid)));
    assert!(feed["keys"][0].get("d").is_none());
}

#[tokio::test]
async fn only_clients_with_the_scope_may_follow() {
    let kit = Kit::new().await;
    let (secret, credentials) = client(&kit, &["revocations"]).await;
    let ask = async |authorization: Option<&str>| {
        let call = kit.get(&format!("/revocations/snapshot?nonce={NONCE}"));
        match authorization {
            Some(authorization) => call.header("authorization", authorization).send().await,
            None => call.send().await,
        }
    };

    ask(Some(&credentials)).await.expect(200);
    let refused = ask(None).await.refused(401, "token_missing");
    assert_eq!(refused.header("www-authenticate"), "Basic realm=\"handstamp\", charset=\"UTF-8\"");
    ask(Some(&basic("orders", "wrong"))).await.refused(401, "invalid_credentials");
    ask(Some(&basic("nobody", &secret))).await.refused(401, "invalid_credentials");
    for malformed in ["Basic", "Basic !!!", "Bearer x", "Basic b3JkZXJz", ""] {
        ask(Some(malformed)).await.refused(401, "token_malformed");
    }
}

#[tokio::test]
async fn a_client_without_the_scope_may_not() {
    let kit = Kit::new().await;
    let (_, credentials) = client(&kit, &["orders:read"]).await;

    for path in [format!("/revocations?nonce={NONCE}"), "/revocations/snapshot".to_owned()] {
        kit.get(&path)
            .header("authorization", credentials.as_str())
            .send()
            .await
            .refused(403, "role_required");
    }
}

#[tokio::test]
async fn a_removed_client_may_not_any_more() {
    let kit = Kit::new().await;
    let (_, credentials) = client(&kit, &["revocations"]).await;
    clients::remove(kit.core(), &"orders".parse().unwrap(), None, kit.rules.clock.now()).await.unwrap();

    let call = kit.get("/revocations/snapshot").header("authorization", credentials.as_str());

    call.send().await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn a_nonce_is_checked() {
    let kit = open().await;

    for query in ["", "?nonce=short", "?nonce=0123456789abcde%21", &format!("?nonce={NONCE}&nonce={NONCE}")] {
        kit.get(&format!("/revocations{query}")).send().await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn before_the_log_was_read_nobody_is_told_anything_and_no_token_passes() {
    let kit = open().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    let fresh = kit.another_replica();
    kit.store.set_away(true);

    let reply = fresh.get(&format!("/revocations?nonce={NONCE}")).send().await.refused(503, "unavailable");
    assert_eq!(reply.header("retry-after"), "1");
    fresh.get("/auth/whoami").bearer(&token).send().await.refused(503, "unavailable");

    kit.store.set_away(false);
    fresh.get("/auth/whoami").bearer(&token).send().await.expect(200);
}

/// Somebody else may have signed out meanwhile. A greeting would tell a service that its news is complete.
#[tokio::test]
async fn while_the_log_cannot_be_read_nobody_is_greeted() {
    let kit = open().await;
    let (stream, poll) =
        (format!("/revocations?nonce={NONCE}"), format!("/revocations/snapshot?nonce={NONCE}"));
    kit.app.follow_revocations().await;
    kit.get(&poll).send().await.expect(200);

    kit.store.set_away(true);
    kit.app.follow_revocations().await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    for path in [&stream, &poll] {
        let reply = kit.get(path).send().await.refused(503, "unavailable");
        assert_eq!(reply.header("retry-after"), "1");
    }

    kit.store.set_away(false);
    kit.app.follow_revocations().await;
    kit.get(&poll).send().await.expect(200);
}

/// A part of the log would pass for all of it.
#[tokio::test]
async fn while_the_log_is_read_for_the_first_time_nobody_is_greeted() {
    let kit = open().await;
    let now = kit.rules.clock.now();
    let revoked = |number: usize| NewEvent {
        selector: Selector::Token(format!("token-{number}")),
        kind: EventKind::Dead,
        reason: Reason::TokenRevoked,
        at: now,
        forget_at: now + Duration::from_mins(10),
        user: None,
        org_id: None,
    };
    // One more than is read at once.
    let events =
        (0..=MAX_EVENTS_PER_BATCH).fold(Changes::default(), |all, number| all.event(revoked(number)));
    kit.store.apply(events).await.unwrap();
    let fresh = kit.another_replica();
    kit.store.set_slow(Duration::from_millis(100));
    let is_read = Cell::new(false);
    let read = async {
        fresh.app.follow_revocations().await;
        is_read.set(true);
    };
    let ask = async {
        let poll = format!("/revocations/snapshot?nonce={NONCE}");
        while !is_read.get() {
            let reply = fresh.get(&poll).send_at_once().await;
            assert!(is_read.get() || reply.0.status() == 503, "{}", reply.0.status());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        fresh.get(&poll).send().await.expect(200);
    };

    tokio::join!(read, ask);
}

struct KitClock(handstamp_core::test_support::FixedClock);

impl handstamp_verify::Clock for KitClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.now().as_second())
    }
}

/// The real client over a real socket: what one commits, the other refuses.
#[tokio::test]
async fn a_service_that_follows_the_feed_refuses_a_token_soon_after_its_sign_out() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (secret, _) = client(&kit, &["revocations"]).await;
    let (token, _) = kit.tokens("ann").await;
    let service = crate::serve::running(&kit).await;
    let access = FeedAccess::Client { id: "orders".to_owned(), secret: ClientSecret::new(secret) };
    let url = format!("http://{}/revocations", service.address).parse().unwrap();
    let clock = Arc::new(KitClock(kit.rules.clock.clone()));
    let (revocations, _task) =
        Feed::builder(AUTH, access).url(url).spawn(clock, Arc::new(SeededEntropy::new(5))).unwrap();
    let claims = handstamp_token::dangerous::decode_unverified(&token).unwrap().unverified_payload;
    let claims: handstamp_api_types::AccessTokenClaims = serde_json::from_str(&claims).unwrap();
    let now = UnixTime::from_secs(kit.rules.clock.now().as_second());
    let verdict = || {
        let identity = TokenIdentity::of(&claims, "kid");
        revocations.check(
            &identity,
            &handstamp_verify::revocation::Memo::default(),
            SilencePolicy::refuse(),
            now,
        )
    };
    until(|| verdict() == Verdict::Pass).await;

    kit.post("/auth/sign-out").bearer(&token).send().await.expect(200);

    until(|| verdict() == Verdict::Dead).await;
    service.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(20), service.task).await.expect("streams end").unwrap().unwrap();
}

async fn until(condition: impl Fn() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen within five seconds");
}

#[tokio::test]
async fn more_subscribers_than_allowed_are_told_to_come_back() {
    let kit = Kit::with(&[("revocation.subscribers", "open"), ("revocation.max_subscribers", "1")]).await;
    kit.app.follow_revocations().await;
    let follow = async || {
        let request = Request::get(format!("/revocations?nonce={NONCE}")).body(axum::body::Body::empty());
        kit.router().oneshot(request.unwrap()).await.unwrap()
    };
    let first = follow().await;
    assert_eq!(first.status(), 200);

    let second = follow().await;
    assert_eq!((second.status().as_u16(), &second.headers()["retry-after"]), (503, &"30".parse().unwrap()));
    kit.get(&format!("/revocations/snapshot?nonce={NONCE}")).send().await.expect(200);

    drop(first);
    assert_eq!(follow().await.status(), 200, "the place is free again");
}

/// Opens a stream as a client and returns what it is told, one event at a time.
async fn stream(
    kit: &Kit,
    credentials: Option<&str>,
    last_event_id: Option<&str>,
) -> axum::body::BodyDataStream {
    kit.app.follow_revocations().await;
    let mut request = Request::get(format!("/revocations?nonce={NONCE}"));
    for (name, value) in [("authorization", credentials), ("last-event-id", last_event_id)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    let reply = kit.router().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(reply.status(), 200);
    reply.into_body().into_data_stream()
}

#[tokio::test]
async fn the_stream_of_a_removed_client_ends_and_no_other_does() {
    let kit = Kit::new().await;
    let (_, orders) = client(&kit, &["revocations"]).await;
    let new = NewClient {
        id: "profiles".parse().unwrap(),
        scopes: ["revocations".to_owned()].into(),
        audiences: [].into(),
    };
    let (_, secret) = clients::add(kit.core(), new, None, kit.rules.clock.now()).await.unwrap();
    let mut removed = stream(&kit, Some(&orders), None).await;
    let mut kept = stream(&kit, Some(&basic("profiles", secret.reveal())), None).await;
    for stream in [&mut removed, &mut kept] {
        stream.next().await.expect("the hello").unwrap();
    }

    clients::remove(kit.core(), &"orders".parse().unwrap(), None, kit.rules.clock.now()).await.unwrap();
    kit.app.follow_revocations().await;

    let rest = tokio::time::timeout(Duration::from_secs(5), removed.collect::<Vec<_>>()).await;
    // The news of its own removal may come first.
    assert!(rest.expect("the stream ends").len() <= 1);
    kept.next().await.expect("the news").unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(100), kept.next()).await.is_err(), "it stays open");
}

#[tokio::test]
async fn a_hundred_services_that_come_back_are_sent_one_signed_batch() {
    let kit = with_three_sign_outs().await;
    let epoch = events(&kit, None, 1).await[0].1.epoch;
    let last_seen = format!("{epoch}.1");

    let mut gaps = std::collections::HashSet::new();
    for _ in 0..100 {
        let mut stream = stream(&kit, None, Some(&last_seen)).await;
        stream.next().await.expect("the hello").unwrap();
        gaps.insert(stream.next().await.expect("the gap").unwrap());
    }

    // ECDSA draws a number for each signature: two of them never look the same.
    assert_eq!(gaps.len(), 1);
}

#[tokio::test]
async fn a_sign_out_says_whose_it_was_so_that_a_full_verifier_can_widen_it() {
    let kit = open().await;
    let ann = kit.user("ann").await;
    let acme = handstamp_core::flows::organizations::add(
        kit.core(),
        "acme".parse().unwrap(),
        None,
        None,
        kit.rules.clock.now(),
    )
    .await
    .unwrap();
    users::set_org(kit.core(), ann.id, Some(acme.id), None, kit.rules.clock.now()).await.unwrap();
    sign_in_and_out(&kit).await;

    let events = events(&kit, None, 2).await;

    let key = handstamp_verify::revocation::SelectorKey::from(events[0].1.selector_key.unwrap());
    let hash = |level, value: &str| Some(key.hash(level, value));
    let [moved, signed_out] = &events[1].1.events[..] else { panic!("two events") };
    assert_eq!(moved.org, None, "the tokens that the move made stale were in no organisation");
    assert_eq!(signed_out.sub, hash(RevocationLevel::Subject, &ann.id.to_string()));
    assert_eq!(signed_out.org, hash(RevocationLevel::Organization, "acme"));
}

/// Under a name that no token has, so that nobody refreshes for it; and it says whose it is, so that a full verifier can widen it.
#[tokio::test]
async fn a_changed_profile_is_told_to_whoever_keeps_it() {
    let kit = open().await;
    let ann = kit.user("ann").await;
    let profile = r#"{"name":"Ann"}"#.parse().unwrap();
    profiles::set(kit.core(), ann.id, profile, None, kit.rules.clock.now()).await.unwrap();

    let events = events(&kit, None, 2).await;

    let key = handstamp_verify::revocation::SelectorKey::from(events[0].1.selector_key.unwrap());
    let [changed] = &events[1].1.events[..] else { panic!("one event") };
    assert_eq!(
        (changed.level, changed.kind, changed.reason.as_str()),
        (RevocationLevel::Token, RevocationKind::Stale, "profile_changed")
    );
    assert_eq!(changed.sel, Some(key.hash(RevocationLevel::Token, &format!("profile:{}", ann.id))));
    assert_eq!(changed.sub, Some(key.hash(RevocationLevel::Subject, &ann.id.to_string())));
}
