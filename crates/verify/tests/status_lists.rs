//! A verifier that goes by status lists in the place of the feed, against a real server of lists.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use handstamp_api_types::ErrorCode;
use handstamp_token::{SigningKey, TokenBuilder};
use handstamp_verify::revocation::status_list::WhenUnknown;
use handstamp_verify::{AuthError, BuildError, SharedKeys, Verifier};
use serde_json::{Value, json};

use crate::support::{HandClock, ISSUER, KEY, NOW, key_set, new_key, signed, signed_by, undecided};

/// Sixteen places of two bits: 1 is over, 2 is suspended, 3 is something else, all others are good.
const TWO_BITS: &str = "eNp7wsDAAAADlADl";

/// What the server of lists does.
#[derive(Clone)]
enum Answer {
    List(String),
    Gone,
    /// Never answers.
    Hang,
}

struct Lists {
    clock: Arc<HandClock>,
    answer: Arc<Mutex<Answer>>,
    fetches: Arc<AtomicUsize>,
    below: String,
}

impl Lists {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let below = format!("http://{}/status-lists/", listener.local_addr().unwrap());
        let (answer, fetches) = (Arc::new(Mutex::new(Answer::Gone)), Arc::new(AtomicUsize::new(0)));
        let (replies, count) = (Arc::clone(&answer), Arc::clone(&fetches));
        let list = get(move || {
            count.fetch_add(1, Ordering::SeqCst);
            let answer = replies.lock().unwrap().clone();
            async move { reply(answer).await }
        });
        let app = axum::Router::new().route("/status-lists/{id}", list);
        tokio::spawn(async move { axum::serve(listener, app).await });
        let lists = Self { clock: HandClock::new(), answer, fetches, below };
        lists.publish(TWO_BITS);
        lists
    }

    fn publish(&self, lst: &str) {
        self.publish_by(&KEY, &json!({"bits": 2, "lst": lst}));
    }

    fn publish_by(&self, key: &SigningKey, status_list: &Value) {
        let claims = json!({"iss": ISSUER, "sub": self.uri(), "iat": NOW, "exp": NOW + 3_600, "ttl": 60,
                            "status_list": status_list});
        self.answer(Answer::List(key.sign_document("statuslist+jwt", &claims).unwrap()));
    }

    fn answer(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn uri(&self) -> String {
        format!("{}1", self.below)
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    fn verifier(&self, when_unknown: WhenUnknown) -> Verifier {
        let builder = undecided(&self.clock).check_status_lists(&self.below, when_unknown);
        builder.build_with_keys(SharedKeys::new(key_set(&[&KEY]))).unwrap()
    }

    fn token(&self, idx: u64) -> String {
        signed(ada(&json!({"status_list": {"idx": idx, "uri": self.uri()}})))
    }
}

async fn reply(answer: Answer) -> Response {
    match answer {
        Answer::List(list) => list.into_response(),
        Answer::Gone => StatusCode::NOT_FOUND.into_response(),
        Answer::Hang => std::future::pending().await,
    }
}

fn ada(status: &Value) -> TokenBuilder {
    nobody().claim("status", status)
}

fn nobody() -> TokenBuilder {
    TokenBuilder::access_token(ISSUER, "orders").subject("ada").lifetime(Duration::from_mins(10))
}

async fn code(verifier: &Verifier, token: &str) -> Result<(), ErrorCode> {
    verifier.verify(token).await.map(drop).map_err(|error| error.code())
}

#[tokio::test]
async fn a_token_whose_place_is_good_passes_and_every_other_one_is_revoked() {
    let lists = Lists::start().await;
    let verifier = lists.verifier(WhenUnknown::Refuse);

    assert_eq!(code(&verifier, &lists.token(0)).await, Ok(()));
    for (place, what) in [(1, "over"), (2, "suspended"), (3, "something that nobody agreed on")] {
        assert_eq!(code(&verifier, &lists.token(place)).await, Err(ErrorCode::TokenRevoked), "{what}");
    }
    assert_eq!(lists.fetches(), 1);
}

#[tokio::test]
async fn a_remembered_token_is_noticed_to_be_over_when_the_list_is_due() {
    let lists = Lists::start().await;
    let verifier = lists.verifier(WhenUnknown::Refuse);
    let token = lists.token(4);
    assert_eq!(code(&verifier, &token).await, Ok(()));

    // Place 4 as well.
    lists.publish("eNp7wsjAAAADlwDm");
    lists.clock.advance(59);
    assert_eq!(code(&verifier, &token).await, Ok(()));
    lists.clock.advance(1);
    assert_eq!(code(&verifier, &token).await, Err(ErrorCode::TokenRevoked));
}

#[tokio::test]
async fn a_token_that_names_no_place_is_refused_whatever_the_policy() {
    let lists = Lists::start().await;
    for policy in [WhenUnknown::Refuse, WhenUnknown::Accept] {
        let verifier = lists.verifier(policy);
        for token in [
            signed(nobody()),
            signed(ada(&json!({"status_mirror": {"idx": 0}}))),
            signed(ada(&json!({"status_list": {"idx": -1, "uri": lists.uri()}}))),
            signed(ada(&json!({"status_list": {"idx": "0", "uri": lists.uri()}}))),
            signed(ada(&json!({"status_list": {"uri": lists.uri()}}))),
            signed(ada(&json!("good"))),
        ] {
            let refused = verifier.verify(&token).await.unwrap_err();
            assert_eq!(refused, AuthError::StatusMissing, "{policy:?}");
            assert_eq!(refused.code(), ErrorCode::TokenInvalid);
        }
    }
    assert_eq!(lists.fetches(), 0);
}

#[tokio::test]
async fn a_place_outside_the_list_is_refused_whatever_the_policy() {
    let lists = Lists::start().await;
    for policy in [WhenUnknown::Refuse, WhenUnknown::Accept] {
        let verifier = lists.verifier(policy);
        for place in [16, u64::MAX] {
            let refused = verifier.verify(&lists.token(place)).await.unwrap_err();
            assert!(matches!(refused, AuthError::StatusMisplaced { .. }), "{policy:?}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn a_list_from_elsewhere_is_refused_whatever_the_policy_and_not_fetched() {
    let lists = Lists::start().await;
    for policy in [WhenUnknown::Refuse, WhenUnknown::Accept] {
        let elsewhere = json!({"status_list": {"idx": 0, "uri": "https://evil.example/status-lists/1"}});
        let refused = lists.verifier(policy).verify(&signed(ada(&elsewhere))).await.unwrap_err();
        assert!(matches!(refused, AuthError::StatusMisplaced { .. }), "{policy:?}: {refused:?}");
    }
    assert_eq!(lists.fetches(), 0);
}

#[tokio::test]
async fn while_a_list_cannot_be_had_each_policy_does_what_it_says() {
    let lists = Lists::start().await;
    let stranger = new_key();
    let forged = json!({"bits": 2, "lst": TWO_BITS});
    for spoil in [
        &(|| lists.answer(Answer::Gone)) as &dyn Fn(),
        &|| lists.answer(Answer::List("garbage".to_owned())),
        &|| lists.publish_by(&stranger, &forged),
        &|| lists.publish_by(&KEY, &json!({"bits": 3, "lst": TWO_BITS})),
        &|| lists.publish_by(&KEY, &json!({"bits": 2, "lst": "AAAA"})),
    ] {
        spoil();
        let refused = lists.verifier(WhenUnknown::Refuse).verify(&lists.token(1)).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Unavailable, "{refused:?}");
        assert!(refused.retry_after().is_some_and(|wait| wait <= Duration::from_secs(5)));
        assert_eq!(code(&lists.verifier(WhenUnknown::Accept), &lists.token(1)).await, Ok(()));
    }
}

#[tokio::test]
async fn the_status_of_a_token_that_is_refused_anyway_is_not_asked_for() {
    let lists = Lists::start().await;
    let verifier = lists.verifier(WhenUnknown::Accept);
    let forged = signed_by(&new_key(), ada(&json!({"status_list": {"idx": 0, "uri": lists.uri()}})));

    assert_eq!(code(&verifier, &forged).await, Err(ErrorCode::TokenInvalid));
    lists.clock.advance(700);
    assert_eq!(code(&verifier, &lists.token(0)).await, Err(ErrorCode::TokenExpired));
    assert_eq!(lists.fetches(), 0);
}

#[tokio::test]
async fn without_waiting_the_lists_at_hand_decide() {
    let lists = Lists::start().await;
    let verifier = lists.verifier(WhenUnknown::Refuse);
    let now = |place| verifier.try_verify(&lists.token(place)).map(drop).map_err(|error| error.code());

    assert_eq!(now(0), Err(ErrorCode::Unavailable), "nothing was fetched");
    assert_eq!(code(&verifier, &lists.token(0)).await, Ok(()));
    assert_eq!((now(0), now(1)), (Ok(()), Err(ErrorCode::TokenRevoked)));
    lists.clock.advance(60);
    assert_eq!(now(0), Err(ErrorCode::Unavailable), "the list is due");
}

#[tokio::test]
async fn what_the_last_list_took_back_is_refused_also_by_who_does_not_wait_for_the_next() {
    let lists = Lists::start().await;
    let verifier = lists.verifier(WhenUnknown::Accept);
    assert_eq!(code(&verifier, &lists.token(0)).await, Ok(()));

    lists.clock.advance(60);

    let now = |place| verifier.try_verify(&lists.token(place)).map(drop).map_err(|error| error.code());
    assert_eq!(now(0), Ok(()));
    for place in [1, 2, 3] {
        assert_eq!(now(place), Err(ErrorCode::TokenRevoked));
    }
    assert_eq!(now(16), Err(ErrorCode::TokenInvalid));
}

#[tokio::test(start_paused = true)]
async fn behind_one_who_waits_for_an_issuer_that_hangs_the_others_go_on_with_the_list_they_have() {
    let lists = Lists::start().await;
    let verifier = lists.verifier(WhenUnknown::Refuse);
    assert_eq!(code(&verifier, &lists.token(0)).await, Ok(()));
    lists.answer(Answer::Hang);
    lists.clock.advance(60);
    // Finds out that nobody answers, and is let in by the list of before.
    assert_eq!(code(&verifier, &lists.token(0)).await, Ok(()));
    lists.clock.advance(5);

    let (patient, token) = (verifier.clone(), lists.token(0));
    let asking = tokio::spawn(async move { code(&patient, &token).await });
    while lists.fetches() < 3 {
        tokio::task::yield_now().await;
    }
    let began = tokio::time::Instant::now();
    assert_eq!(code(&verifier, &lists.token(0)).await, Ok(()));
    assert_eq!(code(&verifier, &lists.token(1)).await, Err(ErrorCode::TokenRevoked));

    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(asking.await.unwrap(), Ok(()));
}

#[test]
fn lists_that_must_not_be_fetched_are_refused_when_the_verifier_is_built() {
    for below in ["http://auth.example/status-lists/", "ftp://auth.example/", "status-lists"] {
        let builder = undecided(&HandClock::new()).check_status_lists(below, WhenUnknown::Refuse);
        let refused = builder.build_with_keys(SharedKeys::new(key_set(&[&KEY]))).map(drop);
        assert!(matches!(refused, Err(BuildError::StatusLists { .. })), "{below}: {refused:?}");
    }
}

#[test]
fn lists_and_another_word_on_revocations_contradict_each_other() {
    let builder = undecided(&HandClock::new())
        .check_status_lists("https://auth.example/status-lists/", WhenUnknown::Refuse)
        .without_revocations();
    let refused = builder.build_with_keys(SharedKeys::new(key_set(&[&KEY]))).map(drop);

    assert_eq!(refused, Err(BuildError::RevocationsContradict { times: 2 }));
}
