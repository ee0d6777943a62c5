//! A database that goes away, comes back, or says nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use handstamp_core::model::StatusListId;
use handstamp_core::shared::{Limits as _, Quota, Take};
use handstamp_core::store::{Change, Changes, Store, StoreError};
use handstamp_core::test_support::shared::key;
use handstamp_store_postgres::{OpenError, PostgresOptions, PostgresStore};
use handstamp_testbed::{Postgres, Wire};
use handstamp_token::SystemEntropy;
use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

use crate::kit::{commit, open};
use crate::samples::{rotating, session, starting, user};

/// How long anybody may be kept waiting with the impatience below.
const AT_MOST: Duration = Duration::from_secs(6);

fn impatient(url: &str) -> PostgresOptions {
    let mut options = PostgresOptions::new(url).unwrap();
    options.connections = 4;
    options.wait = Duration::from_secs(1);
    options.connect = Duration::from_secs(1);
    options.statement = Duration::from_secs(1);
    options
}

/// A store on a server of its own, with user 1 and session 1.
async fn store(url: &str) -> Arc<PostgresStore> {
    let store = Arc::new(open(&impatient(url)).await);
    commit(&store, Changes::one(Change::CreateUser(user(1)))).await;
    commit(&store, starting(&session(1), 0)).await;
    store
}

async fn assert_unavailable(store: &PostgresStore) {
    let began = Instant::now();
    let read = store.session_subject(session(1).id).await;
    assert!(matches!(read, Err(StoreError::Unavailable { .. })), "{read:?}");
    let written = store.apply(Changes::one(Change::CreateUser(user(2)))).await;
    assert!(matches!(written, Err(StoreError::Unavailable { .. })), "{written:?}");
    let rotated = store.apply(rotating(&session(1))).await;
    assert!(matches!(rotated, Err(StoreError::Unavailable { .. })), "{rotated:?}");
    assert!(began.elapsed() < AT_MOST * 3, "{:?}", began.elapsed());
}

async fn assert_works(store: &PostgresStore) {
    assert!(store.session_subject(session(1).id).await.unwrap().is_some());
    assert!(store.user(user(1).id).await.unwrap().is_some());
    commit(store, Changes::one(Change::CreateUser(user(9)))).await;
    commit(store, rotating(&session(1))).await;
}

#[tokio::test]
async fn after_a_restart_nobody_notices_that_there_was_one() {
    let postgres = Postgres::start();
    let store = store(&postgres.database()).await;
    // Connections that nobody uses at the moment, as many as there may be.
    join_all((0..8).map(|_| store.user(user(1).id))).await;
    postgres.restart();
    assert_works(&store).await;
}

#[tokio::test]
async fn a_database_that_is_away_is_unavailable_until_it_is_back() {
    let postgres = Postgres::start();
    let store = store(&postgres.database()).await;
    postgres.kill();
    assert_unavailable(&store).await;
    postgres.start_again();
    assert_works(&store).await;
}

#[tokio::test]
async fn a_database_that_stands_still_keeps_nobody_waiting_for_long() {
    let postgres = Postgres::start();
    let store = store(&postgres.database()).await;
    postgres.pause();
    assert_unavailable(&store).await;
    postgres.resume();
    assert_works(&store).await;
}

/// To say on a silent connection that the transaction is over would be to wait for a second silence.
#[tokio::test]
async fn a_unit_in_whose_middle_the_database_stands_still_waits_for_one_answer_alone() {
    let postgres = Postgres::start();
    let url = postgres.database();
    let mut options = impatient(&url);
    options.statement = Duration::from_secs(4);
    let store = Arc::new(open(&options).await);
    commit(&store, Changes::one(Change::CreateUser(user(1)))).await;
    let held = Held::table(&url, "sessions").await;
    let starting_one = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.apply(starting(&session(1), 0)).await }
    });
    until_somebody(&postgres, &url, "wait_event_type = 'Lock'").await;

    postgres.pause();
    let began = Instant::now();
    let refused = starting_one.await.unwrap();

    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    // A second more than the database has for a statement; for a second one it would be ten.
    assert!(began.elapsed() < Duration::from_millis(7_500), "{:?}", began.elapsed());
    postgres.resume();
    held.let_go().await;
}

#[tokio::test]
async fn a_cut_wire_is_noticed_and_mended() {
    let postgres = Postgres::start();
    let wire = Wire::to(postgres.port());
    let store = store(&wire.through(&postgres.database(), postgres.port())).await;
    wire.cut();
    assert_unavailable(&store).await;
    wire.mend();
    assert_works(&store).await;
}

#[tokio::test]
async fn a_unit_is_whole_or_not_there_whenever_the_server_dies() {
    let postgres = Postgres::start();
    let url = postgres.database();
    let store = store(&url).await;
    let mut told = Vec::new();
    for round in 0..3_u32 {
        let units = (0..20_u32).map(|place| {
            let (store, number) = (Arc::clone(&store), round * 100 + 10 + place);
            tokio::spawn(async move {
                let unit = starting(&session(number), 0).event(crate::samples::event(session(number).id));
                (number, store.apply(unit).await.is_ok())
            })
        });
        let units: Vec<_> = units.collect();
        tokio::time::sleep(Duration::from_millis(u64::from(round) * 15)).await;
        postgres.kill();
        told.extend(join_all(units).await.into_iter().map(Result::unwrap));
        postgres.start_again();
    }
    let events = store.events_after(0, 1000).await.unwrap();
    assert_eq!(
        events.iter().map(|event| event.seq).collect::<Vec<_>>(),
        (1..=events.len() as u64).collect::<Vec<_>>()
    );
    for (number, was_told) in told {
        let began = store.session(session(number).id).await.unwrap().is_some();
        let wanted = crate::samples::event(session(number).id).selector;
        let heard = events.iter().any(|event| event.event.selector == wanted);
        assert_eq!(began, heard, "session {number} and its event are one unit");
        assert!(began || !was_told, "session {number} was acknowledged");
    }
}

#[tokio::test]
async fn what_was_begun_is_finished_when_the_store_closes() {
    let postgres = Postgres::shared();
    let options = impatient(&postgres.database());
    let store = Arc::new(open(&options).await);
    commit(&store, Changes::one(Change::CreateUser(user(1)))).await;
    let under_way = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.apply(starting(&session(1), 0)).await }
    });
    tokio::task::yield_now().await;
    store.close().await.unwrap();
    let done = under_way.await.unwrap();
    let refused = store.has_users().await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused:?}");
    let again = open(&options).await;
    assert_eq!(again.session(session(1).id).await.unwrap().is_some(), done.is_ok());
}

#[tokio::test]
async fn nobody_waits_for_long_for_a_connection() {
    let postgres = Postgres::shared();
    let mut options = impatient(&postgres.database());
    options.connections = 1;
    options.wait = Duration::from_millis(50);
    let store = open(&options).await;
    let crowd = join_all((0..200).map(|_| store.has_users())).await;
    // Those who got a turn have an answer, and the others know that they had none.
    for answer in crowd {
        assert!(matches!(answer, Ok(false) | Err(StoreError::Unavailable { .. })), "{answer:?}");
    }
    assert!(!store.has_users().await.unwrap());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let options = impatient("postgres://ann:hunter2@127.0.0.1:1/auth");
    let refused = PostgresStore::open(&options, Arc::new(SystemEntropy)).await.unwrap_err();
    assert!(matches!(&refused, OpenError::Connect { at, .. } if at == "127.0.0.1:1"), "{refused:?}");
    assert!(!format!("{refused:?} {options:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_statement_that_takes_too_long_ends() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let store = store(&url).await;
    let held = Held::table(&url, "users").await;
    let began = Instant::now();
    let refused = store.apply(starting(&session(2), 0)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused:?}");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    held.let_go().await;
    commit(&store, starting(&session(2), 0)).await;
}

/// A connection that goes back with an open transaction swallows what comes next: the rotation would be acknowledged, and undone.
#[tokio::test]
async fn whoever_goes_away_leaves_no_transaction_behind() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let mut options = impatient(&url);
    (options.connections, options.wait, options.statement) =
        (1, Duration::from_secs(20), Duration::from_secs(20));
    let store = Arc::new(open(&options).await);
    commit(&store, Changes::one(Change::CreateUser(user(1)))).await;
    commit(&store, starting(&session(1), 0)).await;
    let held = Held::table(&url, "sessions").await;

    let reading = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.bad_places(StatusListId::from_bytes([1; 8]), Timestamp::UNIX_EPOCH).await }
    });
    until_somebody(postgres, &url, "wait_event_type = 'Lock'").await;
    reading.abort();
    assert!(reading.await.unwrap_err().is_cancelled());
    held.let_go().await;
    commit(&store, rotating(&session(1))).await;

    let seen = postgres.sql(crate::kit::database_name(&url), "SELECT generation FROM sessions");
    assert_eq!(seen, (session(1).refresh.generation + 1).to_string());
}

/// An attempt is given up when it is not counted at once. Whoever gets the connection next does not wait for what is left of it, and
/// neither does the database.
#[tokio::test]
async fn a_statement_that_nobody_waits_for_keeps_nobody_waiting() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let mut options = impatient(&url);
    (options.connections, options.wait, options.statement) =
        (1, Duration::from_secs(20), Duration::from_secs(20));
    let store = open(&options).await;
    let limits = store.limits();
    let held = Held::table(&url, "limit_buckets").await;

    let counting = tokio::spawn(async move {
        let quota = Quota::new(1, Duration::from_mins(1));
        limits.take(&[Take { bucket: key("ann"), quota, known: None }], Timestamp::UNIX_EPOCH).await
    });
    until_somebody(postgres, &url, "wait_event_type = 'Lock'").await;
    counting.abort();
    assert!(counting.await.unwrap_err().is_cancelled());

    let began = Instant::now();
    assert!(!store.has_users().await.unwrap());
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while postgres.sql(crate::kit::database_name(&url), waiting) != "0" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Long before the database would have ended the statement by itself.
    assert!(began.elapsed() < options.statement / 2, "{:?}", began.elapsed());
    held.let_go().await;
}

/// Whoever reads again on another connection lets go of the one that is dead first: else as many as there may be connections wait
/// for each other.
#[tokio::test]
async fn a_read_whose_connection_dies_goes_on_with_the_only_other_one() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let mut options = impatient(&url);
    (options.connections, options.statement) = (1, Duration::from_secs(20));
    let store = Arc::new(open(&options).await);
    let held = Held::table(&url, "users").await;

    let reading = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.has_users().await }
    });
    until_somebody(postgres, &url, "wait_event_type = 'Lock'").await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    postgres.sql(crate::kit::database_name(&url), end);
    held.let_go().await;

    assert!(!reading.await.unwrap().unwrap());
}

/// A table that somebody has locked.
struct Held {
    client: Client,
    driver: JoinHandle<()>,
}

impl Held {
    async fn table(url: &str, name: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let driver = tokio::spawn(async move { connection.await.unwrap() });
        client.batch_execute(&format!("BEGIN; LOCK TABLE {name}")).await.unwrap();
        Self { client, driver }
    }

    async fn let_go(self) {
        self.client.batch_execute("ROLLBACK").await.unwrap();
        drop(self.client);
        self.driver.await.unwrap();
    }
}

async fn until_somebody(postgres: &Postgres, url: &str, is_so: &str) {
    let looking =
        format!("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {is_so}");
    let began = Instant::now();
    while postgres.sql(crate::kit::database_name(url), &looking) == "0" {
        assert!(began.elapsed() < Duration::from_mins(1), "nobody is so: {is_so}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
