use std::sync::Arc;
use std::time::Duration;

use handstamp_core::store::{Change, Changes, Store, StoreError};
use tokio::time::timeout;

use crate::kit::*;

#[tokio::test]
async fn a_database_that_another_program_holds_is_unavailable_after_some_seconds_and_works_again() {
    let (folder, store) = with_user().await;
    let holder = behind_its_back(folder.path());
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.apply(Changes::one(starting(session(1)))).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable { doing: "applying changes", .. }), "{refused:?}");
    // Who reads waits for nobody.
    assert_eq!(store.user(user(1).id).await.unwrap(), Some(user(1)));
    holder.execute_batch("ROLLBACK").unwrap();
    commit(&store, Changes::one(starting(session(1)))).await;
}

#[tokio::test]
async fn a_unit_that_was_given_up_before_its_turn_moves_nothing() {
    let (folder, store) = with_user().await;
    let holder = behind_its_back(folder.path());
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let given_up = timeout(Duration::from_millis(50), store.apply(Changes::one(starting(session(1))))).await;
    assert!(given_up.is_err());
    holder.execute_batch("ROLLBACK").unwrap();
    commit(&store, Changes::one(starting(session(2)))).await;
    assert_eq!(store.session(session(1).id).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_queued_is_written_before_the_store_closes() {
    let (folder, store) = with_user().await;
    let store = Arc::new(store);
    let holder = behind_its_back(folder.path());
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writing = (0..20).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { commit(&store, Changes::one(starting(session(number)))).await })
    });
    let writing = writing.collect::<Vec<_>>();
    tokio::task::yield_now().await;
    let closing = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.close().await }
    });
    tokio::task::yield_now().await;
    holder.execute_batch("ROLLBACK").unwrap();
    closing.await.unwrap().unwrap();
    for unit in writing {
        unit.await.unwrap();
    }
    drop((store, holder));
    assert_eq!(open(folder.path()).live_sessions(user(1).id, now()).await.unwrap().len(), 20);
}

#[tokio::test]
async fn what_comes_back_equals_what_went_in_to_the_nanosecond() {
    let (_folder, store) = with_user().await;
    commit(&store, Changes::one(starting(session(1)))).await;
    let (read, subject) = store.session_subject(session(1).id).await.unwrap().unwrap();
    assert_eq!((read, subject.user), (session(1), user(1)));
    let later = handstamp_core::model::User { version: 1, ..user(1) };
    commit(&store, Changes::one(Change::UpdateUser(user(1)))).await;
    assert_eq!(store.user(user(1).id).await.unwrap(), Some(later));
}
