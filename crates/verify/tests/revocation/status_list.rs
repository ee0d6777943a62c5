use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use handstamp_token::{Algorithm, Rejection, SigningKey};
use handstamp_verify::SharedKeys;
use handstamp_verify::revocation::status_list::{
    ListError, Status, StatusError, StatusList, StatusListChecker, StatusListOptions, StatusListReference,
    StatusReference,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::support::{KEY, NOW, key_set, new_key};

/// `0b1100_1001` and so on: the example of the specification, 16 statuses of one bit.
const EXAMPLE: &str = "eNrbuRgAAhcBXQ";
const AT: UnixTime = UnixTime::from_secs(NOW);

#[derive(Deserialize)]
struct Vector {
    bits: u64,
    size: u64,
    lst: String,
    statuses: BTreeMap<u64, u8>,
}

fn number(status: Status) -> u8 {
    match status {
        Status::Valid => 0,
        Status::Invalid => 1,
        Status::Suspended => 2,
        Status::Other(other) => other,
    }
}

#[test]
fn the_vectors_of_the_specification_are_read() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("status-list.json")).unwrap();
    assert_eq!(vectors.iter().map(|vector| vector.bits).collect::<Vec<_>>(), [1, 2, 4, 8]);
    for vector in vectors {
        let list = StatusList::read(vector.bits, &vector.lst).unwrap();
        assert_eq!(list.len(), vector.size);
        for (idx, status) in &vector.statuses {
            assert_eq!(number(list.status(*idx).unwrap()), *status, "{} bits, place {idx}", vector.bits);
        }
        let set = (0..list.len()).filter(|idx| list.status(*idx) != Ok(Status::Valid)).count();
        assert_eq!(set, vector.statuses.values().filter(|status| **status != 0).count());
    }
}

#[test]
fn the_lowest_bit_of_a_byte_comes_first() {
    let list = StatusList::read(1, EXAMPLE).unwrap();
    let statuses: Vec<u8> = (0..16).map(|idx| number(list.status(idx).unwrap())).collect();

    assert_eq!(statuses, [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
}

#[test]
fn a_place_outside_the_list_is_refused() {
    let list = StatusList::read(1, EXAMPLE).unwrap();
    for idx in [16, u64::MAX] {
        assert_eq!(list.status(idx), Err(ListError::OutOfRange { idx, len: 16 }));
    }
}

#[test]
fn other_sizes_of_a_status_are_refused() {
    for bits in [0, 3, 5, 16, u64::MAX] {
        assert_eq!(StatusList::read(bits, EXAMPLE), Err(ListError::Bits { bits }));
    }
}

#[test]
fn what_is_not_compressed_base64url_is_refused() {
    assert_eq!(StatusList::read(1, "eNrbuRgAAhcBXQ=="), Err(ListError::Base64));
    assert_eq!(StatusList::read(1, "AAAA"), Err(ListError::Zlib));
    assert_eq!(StatusList::read(1, &EXAMPLE[..8]), Err(ListError::Zlib));
}

#[test]
fn a_small_text_that_claims_to_be_huge_is_refused() {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..5 {
        encoder.write_all(&vec![0; 1024 * 1024]).unwrap();
    }
    let bomb = base64_simd::URL_SAFE_NO_PAD.encode_to_string(encoder.finish().unwrap());
    assert!(bomb.len() < 10_000);

    assert_eq!(StatusList::read(1, &bomb), Err(ListError::TooLarge { limit: 4 * 1024 * 1024 }));
}

/// A server of one list, and who checks against it.
struct Lists {
    checker: StatusListChecker,
    reply: Arc<Mutex<Option<String>>>,
    fetches: Arc<AtomicUsize>,
    issuer: String,
    uri: String,
}

impl Lists {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let (reply, fetches) = (Arc::new(Mutex::new(None::<String>)), Arc::new(AtomicUsize::new(0)));
        let (answer, count) = (Arc::clone(&reply), Arc::clone(&fetches));
        let list = get(move || async move {
            count.fetch_add(1, Ordering::SeqCst);
            answer
                .lock()
                .unwrap()
                .clone()
                .map_or(StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
        });
        let app = axum::Router::new().route("/status-lists/1", list);
        tokio::spawn(async move { axum::serve(listener, app).await });
        let checker = StatusListChecker::new(StatusListOptions {
            issuer: issuer.clone(),
            lists_below: format!("{issuer}/status-lists/").parse().unwrap(),
            algorithms: vec![Algorithm::Es256],
            keys: SharedKeys::new(key_set(&[&KEY])),
        })
        .unwrap();
        let uri = format!("{issuer}/status-lists/1");
        Self { checker, reply, fetches, issuer, uri }
    }

    fn claims(&self) -> Value {
        json!({"iss": self.issuer, "sub": self.uri, "iat": NOW, "exp": NOW + 3_600, "ttl": 60,
               "status_list": {"bits": 1, "lst": EXAMPLE}})
    }

    fn publish(&self, typ: &str, key: &SigningKey, claims: &Value) {
        *self.reply.lock().unwrap() = Some(key.sign_document(typ, claims).unwrap());
    }

    async fn status(&self, idx: u64, now: UnixTime) -> Result<Status, StatusError> {
        let reference = StatusListReference { idx, uri: self.uri.clone() };
        self.checker.status(&StatusReference { status_list: reference }, now).await
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

fn after(seconds: i64) -> UnixTime {
    UnixTime::from_secs(NOW + seconds)
}

#[tokio::test]
async fn a_status_is_looked_up_and_the_list_kept_for_its_ttl() {
    let lists = Lists::start().await;
    lists.publish("statuslist+jwt", &KEY, &lists.claims());

    assert_eq!(lists.status(0, AT).await.unwrap(), Status::Invalid);
    assert_eq!(lists.status(1, after(59)).await.unwrap(), Status::Valid);
    assert_eq!(lists.fetches(), 1);
    assert_eq!(lists.status(1, after(60)).await.unwrap(), Status::Valid);
    assert_eq!(lists.fetches(), 2);
}

#[tokio::test]
async fn a_token_in_no_place_of_the_list_is_refused() {
    let lists = Lists::start().await;
    lists.publish("statuslist+jwt", &KEY, &lists.claims());

    assert!(matches!(
        lists.status(16, AT).await,
        Err(StatusError::List(ListError::OutOfRange { idx: 16, .. }))
    ));
}

#[tokio::test]
async fn a_list_that_cannot_be_renewed_is_believed_until_it_expires() {
    let lists = Lists::start().await;
    lists.publish("statuslist+jwt", &KEY, &lists.claims());
    lists.status(1, AT).await.unwrap();
    *lists.reply.lock().unwrap() = None;

    assert_eq!(lists.status(1, after(3_599)).await.unwrap(), Status::Valid);
    assert!(matches!(lists.status(1, after(3_600)).await, Err(StatusError::Unavailable { .. })));
}

#[tokio::test]
async fn a_list_that_is_not_to_be_had_is_not_asked_for_by_every_request() {
    let lists = Lists::start().await;
    for _ in 0..20 {
        assert!(matches!(lists.status(1, AT).await, Err(StatusError::Unavailable { .. })));
    }
    assert_eq!(lists.fetches(), 1);

    lists.publish("statuslist+jwt", &KEY, &lists.claims());
    assert_eq!(lists.status(1, after(5)).await.unwrap(), Status::Valid);
}

#[tokio::test]
async fn a_list_that_was_fetched_before_the_clock_was_set_back_is_fetched_again() {
    let lists = Lists::start().await;
    lists.publish("statuslist+jwt", &KEY, &lists.claims());
    lists.status(1, after(1_800)).await.unwrap();

    // Whoever waited for it has looked at the clock before.
    assert_eq!(lists.status(1, after(1_799)).await.unwrap(), Status::Valid);
    assert_eq!(lists.fetches(), 1);
    assert_eq!(lists.status(1, AT).await.unwrap(), Status::Valid);
    assert_eq!(lists.fetches(), 2);
}

#[tokio::test]
async fn a_list_that_was_not_to_be_had_before_the_clock_was_set_back_is_asked_for_again() {
    let lists = Lists::start().await;
    assert!(lists.status(1, after(1_800)).await.is_err());
    lists.publish("statuslist+jwt", &KEY, &lists.claims());

    assert_eq!(lists.status(1, AT).await.unwrap(), Status::Valid);
}

#[tokio::test]
async fn a_list_of_another_kind_address_issuer_or_key_is_refused() {
    type Case<'a> = (&'a str, &'a SigningKey, &'a str, Value, fn(&Rejection) -> bool);
    let stranger = new_key();
    let cases: [Case<'_>; 5] = [
        ("at+jwt", &KEY, "ttl", json!(60), |r| matches!(r, Rejection::WrongType { .. })),
        ("statuslist+jwt", &KEY, "sub", json!("https://auth.example/2"), |r| {
            matches!(r, Rejection::WrongValue { claim: "sub", .. })
        }),
        ("statuslist+jwt", &KEY, "iss", json!("https://evil.example"), |r| {
            matches!(r, Rejection::WrongIssuer { .. })
        }),
        ("statuslist+jwt", &stranger, "ttl", json!(60), |r| matches!(r, Rejection::UnknownKey { .. })),
        ("statuslist+jwt", &KEY, "exp", json!(NOW - 3_600), |r| matches!(r, Rejection::Expired { .. })),
    ];
    for (typ, key, claim, value, is_expected) in cases {
        let lists = Lists::start().await;
        let mut claims = lists.claims();
        claims[claim] = value;
        lists.publish(typ, key, &claims);
        let refused = lists.status(1, AT).await;
        assert!(
            matches!(&refused, Err(StatusError::Rejected(rejection)) if is_expected(rejection)),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_token_makes_nobody_fetch_from_elsewhere() {
    let lists = Lists::start().await;
    let (issuer, uri) = (&lists.issuer, &lists.uri);
    for foreign in [
        "https://evil.example/status-lists/1".to_owned(),
        format!("{issuer}/elsewhere"),
        format!("{issuer}/status-lists/../elsewhere"),
        format!("{issuer}/status-lists/%2e%2e/elsewhere"),
        format!("{issuer}@evil.example/status-lists/1"),
        format!("{uri}#fragment"),
        "file:///etc/passwd".to_owned(),
        String::new(),
    ] {
        let reference = StatusListReference { idx: 0, uri: foreign };
        let refused = lists.checker.status(&StatusReference { status_list: reference.clone() }, AT).await;
        assert!(matches!(refused, Err(StatusError::ForeignList { .. })), "{reference:?}: {refused:?}");
    }
    assert_eq!(lists.fetches(), 0);
}

#[test]
fn lists_over_plain_http_from_another_machine_are_refused() {
    let options = StatusListOptions {
        issuer: "http://auth.example".to_owned(),
        lists_below: "http://auth.example/status-lists/".parse().unwrap(),
        algorithms: vec![Algorithm::Es256],
        keys: SharedKeys::new(key_set(&[&KEY])),
    };
    let refused = StatusListChecker::new(options).map(drop);

    assert!(matches!(refused, Err(StatusError::Address { .. })));
}
