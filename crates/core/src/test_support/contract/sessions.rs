//! Sessions: start, limit, list, label.

use std::{sync::Arc, time::Duration};

use super::{
    commit, refused,
    samples::{ALMOST_AN_HOUR, HOUR, after, given_session, given_user, noon, read, session, start},
};
use crate::{
    model::{EndReason, RefreshState, Session, SessionState, User},
    store::{Change, Changes, Conflict, Store},
};

fn start_at_most(session: &Session, at_most: u32) -> Changes {
    Changes::one(Change::StartSession { session: session.clone(), user_version: 0, at_most: Some(at_most) })
}

/// Every field survives.
pub async fn a_session_reads_back_as_written(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let session = Session {
        device: "Annes Handy 📱".to_owned(),
        amr: vec!["pwd".to_owned(), "otp".to_owned()],
        auth_time: after(Duration::from_secs(1)),
        last_seen_at: after(Duration::from_secs(2)),
        refresh: RefreshState {
            generation: 7,
            branch: 3,
            parent_branch: Some(2),
            rotated_at: after(Duration::from_secs(3)),
            handed_out_at: after(Duration::from_secs(4)),
            confirmed: true,
        },
        ..session(1, &ann)
    };
    commit(&store, start(&session)).await;
    assert_eq!(read(&store, session.id).await, session);
}

/// A session may be written when it is over already, as an import does; its reason survives.
pub async fn an_ended_session_reads_back_as_written(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    for (number, reason) in (1..).zip(EndReason::ALL) {
        let state = SessionState::Ended { at: after(HOUR), reason: *reason };
        let session = Session { state, ..session(number, &ann) };
        commit(&store, start(&session)).await;
        assert_eq!(read(&store, session.id).await, session);
    }
}

/// No session begins under a password or a status that was changed a moment before.
pub async fn a_session_for_a_changed_user_is_refused(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    commit(&store, Changes::one(Change::UpdateUser(ann.clone()))).await;
    let session = session(1, &ann);
    assert_eq!(refused(&store, start(&session)).await, Conflict::UserChanged);
    assert_eq!(store.session(session.id).await.expect("the store works"), None);
}

/// The limit holds in the store, where two sign-ins at the same time meet.
pub async fn a_session_beyond_the_limit_is_refused(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    commit(&store, start_at_most(&session(1, &ann), 2)).await;
    commit(&store, start_at_most(&session(2, &ann), 2)).await;
    assert_eq!(refused(&store, start_at_most(&session(3, &ann), 2)).await, Conflict::TooManySessions);
    let bob = given_user(&store, "bob").await;
    commit(&store, start_at_most(&session(4, &bob), 2)).await;
}

/// Only what can still be used takes a place.
pub async fn ended_and_run_out_sessions_do_not_count_for_the_limit(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let ended = Session {
        state: SessionState::Ended { at: noon(), reason: EndReason::SignedOut },
        ..session(1, &ann)
    };
    let idle = Session { idle_expiry: noon(), ..session(2, &ann) };
    let over = Session { absolute_expiry: noon(), ..session(3, &ann) };
    for session in [ended, idle, over] {
        commit(&store, start(&session)).await;
    }
    commit(&store, start_at_most(&session(4, &ann), 1)).await;
}

/// The list of devices.
pub async fn live_sessions_are_the_users_own_newest_first(store: Arc<dyn Store>) {
    let ann = given_user(&store, "ann").await;
    let bob = given_user(&store, "bob").await;
    for (number, user, hours) in [(1, &ann, 2), (2, &ann, 3), (3, &bob, 4), (4, &ann, 1)] {
        let created_at = after(HOUR * hours);
        let session = Session { created_at, idle_expiry: after(HOUR * 9), ..session(number, user) };
        commit(&store, start(&session)).await;
    }
    let live = store.live_sessions(ann.id, after(HOUR * 5)).await.expect("the store works");
    let numbers: Vec<_> = live.iter().map(|session| session.id.as_bytes()[0]).collect();
    assert_eq!(numbers, [2, 1, 4]);
}

/// An expiry is the first moment at which the session is over.
pub async fn live_sessions_leave_out_ended_and_run_out_ones(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let ann = User { id: session.user_id, ..super::samples::user("ann") };
    let just_before = after(ALMOST_AN_HOUR);
    assert_eq!(store.live_sessions(ann.id, just_before).await.expect("the store works").len(), 1);
    assert_eq!(store.live_sessions(ann.id, after(HOUR)).await.expect("the store works").len(), 0);

    let change = Change::EndSession { id: session.id, at: noon(), reason: EndReason::SignedOut };
    commit(&store, Changes::one(change)).await;
    assert_eq!(store.live_sessions(ann.id, noon()).await.expect("the store works").len(), 0);
}

/// The user's own word for their device.
pub async fn a_relabelled_session_has_the_new_label(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let device = "The old laptop".to_owned();
    commit(&store, Changes::one(Change::RelabelSession { id: session.id, device: device.clone() })).await;
    assert_eq!(read(&store, session.id).await, Session { device, ..session });
}

/// What is over does not change.
pub async fn a_relabel_of_an_ended_session_is_refused(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let change = Change::EndSession { id: session.id, at: noon(), reason: EndReason::SignedOut };
    commit(&store, Changes::one(change)).await;
    let change = Change::RelabelSession { id: session.id, device: "x".to_owned() };
    assert_eq!(refused(&store, Changes::one(change)).await, Conflict::SessionChanged);
}
