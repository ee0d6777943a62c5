//! Rows that cannot be what we wrote.

use handstamp_core::store::{Change, Changes, Store, StoreError};
use handstamp_testbed::Postgres;

use crate::kit::{commit, database_name, open, patient};
use crate::samples::{session, starting, user};

/// Look-ups that come at the same time go together: the trouble of one is not that of the others.
#[tokio::test]
async fn a_session_that_cannot_be_read_is_told_to_whoever_asked_for_it() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let store = open(&patient(&url)).await;
    commit(&store, Changes::one(Change::CreateUser(user(1)))).await;
    for number in 1..=3 {
        commit(&store, starting(&session(number), 0)).await;
    }
    let damage = format!("UPDATE sessions SET amr = 'damaged' WHERE id = '{}'", session(2).id);
    postgres.sql(database_name(&url), &damage);

    let ask = |number| store.session_subject(session(number).id);
    let (before, damaged, after, unknown) = tokio::join!(ask(1), ask(2), ask(3), ask(4));

    assert_eq!(before.unwrap().unwrap().0, session(1));
    let Err(StoreError::Corrupt { what }) = damaged else { panic!("{damaged:?}") };
    assert!(what.contains("amr") && what.contains("sessions"), "{what}");
    assert_eq!(after.unwrap().unwrap().0, session(3));
    assert_eq!(unknown.unwrap(), None);
}
