//! What the guide tells an operator to allow is enough for a service that may not change the schema.

use std::sync::Arc;
use std::time::Duration;

use handstamp_core::model::{EndReason, LogPosition};
use handstamp_core::shared::{Limits as _, Quota, Settled, Take};
use handstamp_core::store::{Change, Changes, CleanUp, Store};
use handstamp_core::test_support::shared::key;
use handstamp_store_postgres::{OpenError, PostgresOptions, PostgresStore};
use handstamp_testbed::Postgres;
use handstamp_token::SystemEntropy;
use jiff::Timestamp;
use tokio_postgres::NoTls;

use crate::kit::{commit, database_name, open, patient};
use crate::samples::{event, now, rotating, session, starting, user};

const GUIDE: &str = include_str!("../../../docs/guide/postgresql.md");

/// Another role in a database that the owner has brought up to date, with the rights of the guide.
async fn lesser_role(postgres: &Postgres, url: &str) -> PostgresOptions {
    drop(open(&patient(url)).await);
    let name = database_name(url);
    let role = format!("{name}_serve");
    postgres.sql(name, &format!("CREATE ROLE {role} LOGIN PASSWORD 'wonderland'"));
    let grants: Vec<&str> = GUIDE.lines().filter(|line| line.ends_with("TO handstamp_serve;")).collect();
    let grants = grants.join("\n").replace("handstamp_serve", &role);
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute(&grants).await.unwrap();
    driver.abort();
    let (_, at) = url.split_once('@').unwrap();
    patient(&format!("postgres://{role}:wonderland@{at}"))
}

#[tokio::test]
async fn what_the_guide_allows_is_enough_to_serve() {
    let postgres = Postgres::shared();
    let mut options = lesser_role(postgres, &postgres.database()).await;
    options.migrate = false;
    let store = open(&options).await;

    commit(&store, Changes::one(Change::CreateFirstUser(user(1)))).await;
    commit(&store, starting(&session(1), 0)).await;
    commit(&store, rotating(&session(1))).await;
    let (id, at) = (session(1).id, now());
    let end = Change::EndSession { id, at, reason: EndReason::SignedOut };
    commit(&store, Changes::one(end).event(event(id))).await;
    assert_eq!(store.events_after(0, 10).await.unwrap().len(), 1);
    assert!(store.log_mark().await.unwrap().is_some_and(|LogPosition { seq, .. }| seq == 1));
    let limit = 100;
    let what = CleanUp {
        now: Timestamp::MAX,
        sessions_ended_before: Timestamp::MAX,
        audit_before: Timestamp::MAX,
        reports_before: Timestamp::MAX,
        limit,
    };
    assert_eq!(store.clean_up(what).await.unwrap().sessions_forgotten, 1);

    let (limits, quota) = (store.limits(), Quota::new(2, Duration::from_mins(1)));
    limits.take(&[Take { bucket: key("ann"), quota, known: None }], now()).await.unwrap();
    let settled = Settled { back: vec![(key("ann"), quota)], marks: vec![key("home")], ..Settled::default() };
    limits.settle(&settled, now()).await.unwrap();
    limits.clean_up(now()).await.unwrap();
}

/// Some hosted databases do: whether they were put back cannot be known.
#[tokio::test]
async fn a_database_may_keep_its_timeline_to_itself() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    postgres.sql(database_name(&url), "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");

    assert_eq!(open(&patient(&url)).await.log_mark().await.unwrap(), None);
}

/// Each start looks for steps that are missing. Where there are none it needs no rights for them.
#[tokio::test]
async fn whoever_may_not_change_the_schema_starts_where_nothing_is_missing() {
    let postgres = Postgres::shared();
    let options = lesser_role(postgres, &postgres.database()).await;
    assert!(options.migrate);

    assert!(!open(&options).await.has_users().await.unwrap());
}

#[tokio::test]
async fn whoever_may_not_change_the_schema_is_told_so_where_there_is_none() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let name = database_name(&url);
    let role = format!("{name}_serve");
    postgres.sql(name, &format!("CREATE ROLE {role} LOGIN PASSWORD 'wonderland'; GRANT USAGE ON SCHEMA public TO {role}; REVOKE CREATE ON SCHEMA public FROM PUBLIC"));
    let (_, at) = url.split_once('@').unwrap();
    let options = patient(&format!("postgres://{role}:wonderland@{at}"));

    let refused = PostgresStore::open(&options, Arc::new(SystemEntropy)).await.unwrap_err();

    assert!(matches!(&refused, OpenError::Step { number: 1, .. }), "{refused:?}");
}
