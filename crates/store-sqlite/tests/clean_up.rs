use std::time::Duration;

use handstamp_core::model::{EndReason, Session, SessionState};
use handstamp_core::store::{Change, Changes, CleanUp, CleanedUp, Store};
use handstamp_store_sqlite::SqliteStore;
use jiff::Timestamp;

use crate::kit::*;

fn clean_up(now: Timestamp, limit: u32) -> CleanUp {
    CleanUp {
        now,
        sessions_ended_before: Timestamp::MIN,
        audit_before: Timestamp::MIN,
        reports_before: Timestamp::MIN,
        limit,
    }
}

/// Session `number`, which runs out after this many hours unless it is refreshed.
async fn start(store: &SqliteStore, number: u32, hours: u64) {
    let session = Session { idle_expiry: after(Duration::from_hours(hours)), ..session(number) };
    commit(store, Changes::one(starting(session))).await;
}

async fn refresh_for(store: &SqliteStore, number: u32, hours: u64) {
    let read = store.session(session(number).id).await.unwrap().unwrap();
    let mut change = rotating(&read);
    if let Change::RotateSession { idle_expiry, .. } = &mut change {
        *idle_expiry = after(Duration::from_hours(hours));
    }
    commit(store, Changes::one(change).relaxed()).await;
}

async fn is_over(store: &SqliteStore, number: u32) -> bool {
    store.session(session(number).id).await.unwrap().unwrap().state != SessionState::Active
}

#[tokio::test]
async fn a_session_that_was_refreshed_is_looked_at_again_when_it_may_have_run_out() {
    let (_folder, store) = with_user().await;
    start(&store, 1, 1).await;
    refresh_for(&store, 1, 3).await;
    let nothing = CleanedUp::default();
    assert_eq!(store.clean_up(clean_up(after(Duration::from_hours(2)), 10)).await.unwrap(), nothing);
    assert!(!is_over(&store, 1).await);
    let done = store.clean_up(clean_up(after(Duration::from_hours(3)), 10)).await.unwrap();
    assert_eq!(done.sessions_expired, 1);
    let ended = SessionState::Ended { at: after(Duration::from_hours(3)), reason: EndReason::Expired };
    assert_eq!(store.session(session(1).id).await.unwrap().unwrap().state, ended);
}

#[tokio::test]
async fn sessions_that_go_on_do_not_hide_those_that_have_run_out() {
    let (_folder, store) = with_user().await;
    for number in 0..20 {
        start(&store, number, 1).await;
        refresh_for(&store, number, 9).await;
    }
    for number in 20..25 {
        start(&store, number, 2).await;
    }
    // Fewer at a time than sessions that go on.
    let done = store.clean_up(clean_up(after(Duration::from_hours(3)), 4)).await.unwrap();
    assert_eq!(done.sessions_expired, 4);
    let done = store.clean_up(clean_up(after(Duration::from_hours(3)), 4)).await.unwrap();
    assert_eq!(done.sessions_expired, 1);
    for number in 0..25 {
        assert_eq!(is_over(&store, number).await, number >= 20, "{number}");
    }
}

#[tokio::test]
async fn no_more_is_cleaned_up_than_allowed() {
    let (_folder, store) = with_user().await;
    for number in 0..7 {
        // Every other one goes on, so that a round finds fewer than it looks at.
        start(&store, number * 2, 1).await;
        start(&store, number * 2 + 1, 1).await;
        refresh_for(&store, number * 2, 9).await;
    }
    let mut expired = 0;
    loop {
        let done = store.clean_up(clean_up(after(Duration::from_hours(3)), 3)).await.unwrap();
        assert!(done.sessions_expired <= 3);
        expired += done.sessions_expired;
        if !done.may_have_more(3) {
            break;
        }
    }
    assert_eq!(expired, 7);
}

#[tokio::test]
async fn a_limit_of_nothing_does_nothing() {
    let (_folder, store) = with_user().await;
    start(&store, 1, 1).await;
    let nothing = CleanedUp::default();
    assert_eq!(store.clean_up(clean_up(Timestamp::MAX, 0)).await.unwrap(), nothing);
}

#[tokio::test]
async fn numbers_of_events_go_on_after_all_of_them_were_forgotten() {
    let (folder, store) = with_user().await;
    commit(&store, Changes::default().event(event(session(1).id)).event(event(session(2).id))).await;
    let done = store.clean_up(clean_up(after(Duration::from_hours(1)), 10)).await.unwrap();
    assert_eq!(done.events_forgotten, 2);
    drop(store);
    let store = open(folder.path());
    commit(&store, Changes::default().event(event(session(3).id))).await;
    assert_eq!(store.events_after(0, 10).await.unwrap()[0].seq, 3);
}
