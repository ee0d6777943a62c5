//! Several services on one database.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use handstamp_core::model::{Carried, EndReason, Session, SessionState};
use handstamp_core::shared::News;
use handstamp_core::store::{Applied, Change, Changes, Store};
use handstamp_store_postgres::PostgresStore;
use handstamp_testbed::Postgres;
use tokio_postgres::NoTls;

use crate::kit::{commit, database, database_name, open, patient};
use crate::samples::{event, now, rotating, session, starting, user};

/// How soon another replica hears.
const SOON: Duration = Duration::from_secs(20);

/// Two replicas, and user 1.
async fn replicas() -> [Arc<PostgresStore>; 2] {
    let options = database();
    let replicas = [Arc::new(open(&options).await), Arc::new(open(&options).await)];
    commit(&replicas[0], Changes::one(Change::CreateUser(user(1)))).await;
    replicas
}

/// Waits until a replica hears the others.
async fn until_it_listens(replica: &PostgresStore) {
    let listens = async {
        while !replica.fan_out().is_listening() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, listens).await.unwrap();
}

fn held(applied: &Applied) -> bool {
    matches!(applied, Applied::Committed { .. })
}

#[tokio::test]
async fn a_commit_wakes_the_other_replica() {
    let [one, other] = replicas().await;
    until_it_listens(&other).await;
    let before = other.log_head().await.unwrap();
    let heard = tokio::time::timeout(SOON, other.log_moved(before));
    let (heard, ()) = tokio::join!(heard, commit(&one, Changes::default().event(event(session(1).id))));
    heard.unwrap();
    assert_eq!(other.events_after(before.seq, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_conflict_wakes_nobody() {
    let [one, other] = replicas().await;
    until_it_listens(&other).await;
    let before = other.log_head().await.unwrap();
    let refused = Changes::one(Change::CreateUser(user(1))).event(event(session(1).id));
    assert!(!held(&one.apply(refused).await.unwrap()));
    let heard = tokio::time::timeout(Duration::from_millis(200), other.log_moved(before)).await;
    assert!(heard.is_err(), "nothing was committed");
}

/// Whoever may connect to the database may say so: it is looked into once, and not again and again.
#[tokio::test]
async fn a_position_that_nobody_has_reached_wakes_once() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let store = open(&patient(&url)).await;
    until_it_listens(&store).await;
    let before = store.log_head().await.unwrap();

    let forged = "SELECT pg_notify('handstamp_' || 'revocation_log'::regclass::oid, 'log 4294967295.1')";
    postgres.sql(database_name(&url), forged);

    tokio::time::timeout(SOON, store.log_moved(before)).await.unwrap();
    let again = tokio::time::timeout(Duration::from_millis(300), store.log_moved(before)).await;
    assert!(again.is_err(), "it was believed");
}

#[tokio::test]
async fn news_of_keys_reaches_every_replica() {
    let [one, other] = replicas().await;
    until_it_listens(&other).await;
    let mut news = other.fan_out().news();
    one.fan_out().tell(News::Keys).await.unwrap();
    let told = async { while news.recv().await.unwrap() != News::Keys {} };
    tokio::time::timeout(SOON, told).await.unwrap();
}

#[tokio::test]
async fn installations_in_one_database_do_not_hear_each_other() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let schema = async |name: &str| {
        postgres
            .sql(database_name(&url), &format!("CREATE SCHEMA {name}; GRANT ALL ON SCHEMA {name} TO PUBLIC"));
        open(&patient(&format!("{url}?options=-csearch_path%3D{name}"))).await
    };
    let (one, other) = (schema("one").await, schema("other").await);
    until_it_listens(&other).await;
    let before = other.log_head().await.unwrap();
    commit(&one, Changes::default().event(event(session(1).id))).await;
    let heard = tokio::time::timeout(Duration::from_millis(300), other.log_moved(before)).await;
    assert!(heard.is_err(), "it is not their log");
    assert_eq!(other.log_head().await.unwrap(), before);
}

#[tokio::test]
async fn events_of_all_replicas_have_one_order_without_gaps() {
    let replicas = replicas().await;
    let before = replicas[0].log_head().await.unwrap().seq;
    let told = (0..60_u32).map(|number| {
        let replica = Arc::clone(&replicas[(number % 2) as usize]);
        tokio::spawn(async move {
            let two = Changes::default().event(event(session(number).id)).event(event(session(number).id));
            let Applied::Committed { head, .. } = replica.apply(two).await.unwrap() else {
                panic!("no conflict")
            };
            // Whoever has been told a number can read all up to it, on any replica.
            head.seq
        })
    });
    for told in join_all(told).await {
        let seq = told.unwrap();
        let read = replicas[1].events_after(before, 1000).await.unwrap();
        let numbers: Vec<u64> = read.iter().map(|event| event.seq).take_while(|read| *read <= seq).collect();
        assert_eq!(numbers, (before + 1..=seq).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn of_rotations_on_two_replicas_one_holds() {
    let replicas = replicas().await;
    commit(&replicas[0], starting(&session(1), 0)).await;
    for _ in 0..10 {
        let read = replicas[0].session(session(1).id).await.unwrap().unwrap();
        let tries = (0..8).map(|number| {
            let (replica, changes) = (Arc::clone(&replicas[number % 2]), rotating(&read));
            tokio::spawn(async move { replica.apply(changes).await.unwrap() })
        });
        let done = join_all(tries).await;
        assert_eq!(done.iter().filter(|done| held(done.as_ref().unwrap())).count(), 1);
        let moved = replicas[1].session(session(1).id).await.unwrap().unwrap();
        assert_eq!(moved.refresh.generation, read.refresh.generation + 1);
    }
}

#[tokio::test]
async fn no_session_outlives_the_change_that_ends_them_all() {
    let replicas = replicas().await;
    for version in 0..20 {
        let disable = Changes::one(Change::EndSessionsOf {
            user_id: user(1).id,
            except: None,
            at: now(),
            reason: EndReason::AccountDisabled,
        })
        .and(Change::UpdateUser(handstamp_core::model::User { version, ..user(1) }));
        let number = u32::try_from(version).unwrap();
        let starts = (0..4).map(|place| starting(&session(number * 4 + place), version));
        let starts = starts.map(|start| replicas[0].apply(start));
        let (disabled, started) = tokio::join!(replicas[1].apply(disable), join_all(starts));
        assert!(held(&disabled.unwrap()));
        assert!(started.iter().all(Result::is_ok), "{started:?}");
        assert_eq!(replicas[0].live_sessions(user(1).id, now()).await.unwrap(), [], "round {version}");
    }
}

/// Rotations lock the sessions of a batch in the order of ids. Whoever locks them in another order waits for who waits for it.
#[tokio::test]
async fn a_users_sessions_are_ended_in_the_order_in_which_others_lock_them() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let store = Arc::new(open(&patient(&url)).await);
    commit(&store, Changes::one(Change::CreateUser(user(1)))).await;
    let (first, second) = (session(1), session(2));
    // In the table, and in the index of a user's sessions, they lie the other way round.
    commit(&store, starting(&second, 0)).await;
    commit(&store, starting(&first, 0)).await;
    let (mut client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let batch = client.transaction().await.unwrap();
    let id = |session: &Session| uuid::Uuid::from_bytes(*session.id.as_bytes());
    let rotate = "UPDATE sessions SET generation = generation + 1 WHERE id = $1";
    batch.execute(rotate, &[&id(&first)]).await.unwrap();

    let ending = tokio::spawn({
        let (store, user_id, at) = (Arc::clone(&store), user(1).id, now());
        let end = Change::EndSessionsOf { user_id, except: None, at, reason: EndReason::AccountDisabled };
        async move { store.apply(Changes::one(end)).await.unwrap() }
    });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while postgres.sql(database_name(&url), waits) == "0" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Who waits for the first has none of the others yet.
    let free = "SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE NOWAIT";
    batch.execute(free, &[&id(&second)]).await.unwrap();
    batch.execute(rotate, &[&id(&second)]).await.unwrap();
    batch.commit().await.unwrap();

    assert!(matches!(ending.await.unwrap(), Applied::Committed { sessions_ended: 2, .. }));
    assert_eq!(store.live_sessions(user(1).id, now()).await.unwrap(), []);
    driver.abort();
}

#[tokio::test]
async fn the_limit_of_sessions_holds_on_all_replicas_together() {
    let replicas = replicas().await;
    let starts = (0..12).map(|number| {
        let replica = Arc::clone(&replicas[(number % 2) as usize]);
        let change = Change::StartSession { session: session(number), user_version: 0, at_most: Some(3) };
        tokio::spawn(async move { replica.apply(Changes::one(change)).await.unwrap() })
    });
    let done = join_all(starts).await;
    assert_eq!(done.iter().filter(|done| held(done.as_ref().unwrap())).count(), 3);
}

#[tokio::test]
async fn nothing_is_carried_from_a_session_that_ends_at_the_same_moment() {
    let replicas = replicas().await;
    for round in 0..20 {
        let home = session(round * 2);
        commit(&replicas[0], starting(&home, 0)).await;
        let mut away = session(round * 2 + 1);
        away.carried = Some(Carried { from: home.id, to: "shop".parse().unwrap() });
        let end =
            Change::EndGroup { id: home.id, at: now(), reason: EndReason::SignedOut, event: event(home.id) };
        let (ended, carried) =
            tokio::join!(replicas[0].apply(Changes::one(end)), replicas[1].apply(starting(&away, 0)));
        assert!(held(&ended.unwrap()));
        carried.unwrap();
        let left = replicas[0].session(away.id).await.unwrap();
        assert!(left.is_none_or(|left| left.state != SessionState::Active), "round {round}");
    }
}

#[tokio::test]
async fn replicas_clean_up_side_by_side() {
    let replicas = replicas().await;
    for number in 0..40 {
        commit(&replicas[0], starting(&session(number), 0)).await;
    }
    let later = session(0).absolute_expiry;
    let what = handstamp_core::store::CleanUp {
        now: later,
        sessions_ended_before: now(),
        audit_before: now(),
        reports_before: now(),
        limit: 100,
    };
    let (one, other) = tokio::join!(replicas[0].clean_up(what), replicas[1].clean_up(what));
    assert_eq!(one.unwrap().sessions_expired + other.unwrap().sessions_expired, 40);
    // One entry each, whoever has written it.
    assert_eq!(replicas[0].audit_entries(Some(user(1).id), 100).await.unwrap().len(), 40);
}

#[tokio::test]
async fn a_schema_that_changes_under_a_running_replica_is_no_failure() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let store = open(&patient(&url)).await;
    commit(&store, Changes::one(Change::CreateUser(user(1)))).await;
    // Prepared on every connection; then a step of a newer version widens a column.
    join_all((0..12).map(|_| store.user(user(1).id))).await;
    postgres
        .sql(database_name(&url), "ALTER TABLE users ALTER COLUMN username TYPE varchar(100) COLLATE \"C\"");
    for _ in 0..12 {
        assert!(store.user(user(1).id).await.unwrap().is_some());
    }
}
