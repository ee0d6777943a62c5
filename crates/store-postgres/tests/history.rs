//! A database that was put back to an older state.

use handstamp_core::store::{Change, Changes, Store};
use handstamp_testbed::Postgres;

use crate::kit::{commit, database_name, open, patient};
use crate::samples::{event, now, session};

// What a store connects by itself goes on while the thread of the test waits for the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_on_knows_of_no_loss() {
    let postgres = Postgres::start();
    let store = open(&patient(&postgres.database())).await;
    commit(&store, Changes::default().event(event(session(1).id))).await;
    let head = store.log_head().await.unwrap();
    assert_eq!(store.log_mark().await.unwrap(), Some(head));
    postgres.restart();
    assert_eq!(store.log_mark().await.unwrap(), Some(head));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_line_of_history_may_have_lost_something_until_a_new_epoch_begins() {
    let postgres = Postgres::start();
    let store = open(&patient(&postgres.database())).await;
    commit(&store, Changes::default().event(event(session(1).id))).await;
    let head = store.log_head().await.unwrap();

    // What a failover does: a standby becomes the first, and history goes on along another line.
    postgres.promote();

    assert!(store.log_mark().await.unwrap() > Some(head));
    let begin = Change::BeginEpoch { from: head.epoch, to: head.epoch + 1, lost: None, forget_at: now() };
    commit(&store, Changes::one(begin)).await;
    let head = store.log_head().await.unwrap();
    assert_eq!(store.log_mark().await.unwrap(), Some(head));
}

#[tokio::test]
async fn a_copy_in_another_system_may_have_lost_something() {
    let postgres = Postgres::start();
    let url = postgres.database();
    let store = open(&patient(&url)).await;
    let head = store.log_head().await.unwrap();
    postgres.sql(database_name(&url), "UPDATE revocation_log SET system = system - 1");
    assert!(store.log_mark().await.unwrap() > Some(head));
}
