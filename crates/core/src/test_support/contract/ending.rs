//! How sessions end.

use std::{sync::Arc, time::Duration};

use super::{
    commit,
    samples::{HOUR, after, given_session, given_user, noon, read, session, start},
};
use crate::{
    model::{EndReason, Session, SessionId, SessionState},
    store::{Change, Changes, Store},
};

fn end(id: SessionId, reason: EndReason) -> Changes {
    Changes::one(Change::EndSession { id, at: after(HOUR), reason })
}

/// It is not deleted: the user and the audit log can still be told.
pub async fn an_ended_session_stays_with_its_reason(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    assert_eq!(commit(&store, end(session.id, EndReason::TokenReuse)).await, 1);
    let state = SessionState::Ended { at: after(HOUR), reason: EndReason::TokenReuse };
    assert_eq!(read(&store, session.id).await, Session { state, ..session });
}

/// What happened first is what happened.
pub async fn ending_twice_keeps_the_first_reason(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    commit(&store, end(session.id, EndReason::SignedOut)).await;
    assert_eq!(commit(&store, end(session.id, EndReason::TokenReuse)).await, 0);
    let state = SessionState::Ended { at: after(HOUR), reason: EndReason::SignedOut };
    assert_eq!(read(&store, session.id).await.state, state);
}

/// What is not there is over.
pub async fn ending_an_unknown_session_does_nothing(store: Arc<dyn Store>) {
    assert_eq!(commit(&store, end(SessionId::from_bytes([9; 16]), EndReason::SignedOut)).await, 0);
}

/// Sign out everywhere.
pub async fn ending_all_sessions_of_a_user_counts_the_active_ones(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let bob = given_user(&store, "bob").await;
    for (number, user) in [(1, &ann), (2, &ann), (3, &ann), (4, &bob)] {
        commit(&store, start(&session(number, user))).await;
    }
    commit(&store, end(SessionId::from_bytes([1; 16]), EndReason::SignedOut)).await;

    let (user_id, at, reason) = (ann.id, noon(), EndReason::AccountDisabled);
    let ended =
        commit(&store, Changes::one(Change::EndSessionsOf { user_id, except: None, at, reason })).await;
    assert_eq!(ended, 2);
    for number in 1..=3 {
        assert_ne!(read(&store, SessionId::from_bytes([number; 16])).await.state, SessionState::Active);
    }
    assert_eq!(read(&store, SessionId::from_bytes([4; 16])).await.state, SessionState::Active);
}

/// The device in the user's hand goes on.
pub async fn ending_all_but_one_leaves_that_one(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    for number in 1..=3 {
        commit(&store, start(&session(number, &ann))).await;
    }
    let except = Some(SessionId::from_bytes([2; 16]));
    let (user_id, at, reason) = (ann.id, noon(), EndReason::PasswordChanged);
    assert_eq!(commit(&store, Changes::one(Change::EndSessionsOf { user_id, except, at, reason })).await, 2);
    let live = store.live_sessions(ann.id, after(Duration::from_secs(1))).await.expect("the store works");
    assert_eq!(live.iter().map(|session| Some(session.id)).collect::<Vec<_>>(), [except]);
}
