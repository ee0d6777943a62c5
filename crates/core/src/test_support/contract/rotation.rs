//! Rotation: the compare-and-set that the whole of refresh rests on.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    commit, race, refused,
    samples::{HOUR, after, given_session, noon, read},
};
use crate::{
    model::{EndReason, RefreshState, Session, SessionId, Step},
    store::{Change, Changes, Conflict, Store},
};

const SLACK: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

fn rotation(session: &Session, to: RefreshState) -> Changes {
    let (id, from, idle_expiry) = (session.id, session.refresh, after(HOUR * 2));
    Changes::one(Change::RotateSession { id, from, to, idle_expiry }).relaxed()
}

fn next(session: &Session) -> RefreshState {
    session.refresh.rotated(after(MINUTE), SLACK).expect("there is a next one")
}

fn see(id: SessionId, at: Timestamp, issued_under: Step) -> Changes {
    Changes::one(Change::SeeSession { id, at, issued_under })
}

/// Counters, times and the idle expiry move together.
pub async fn a_rotation_moves_the_session_on(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let to = next(&session);
    commit(&store, rotation(&session, to)).await;
    assert_eq!(
        read(&store, session.id).await,
        Session { refresh: to, idle_expiry: after(HOUR * 2), ..session }
    );
}

/// Who decided on what is no longer so decides again.
pub async fn a_rotation_from_an_old_state_is_refused(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let moved = next(&session);
    commit(&store, rotation(&session, moved)).await;
    assert_eq!(refused(&store, rotation(&session, moved)).await, Conflict::SessionChanged);

    let other_branch = Session { refresh: RefreshState { branch: 1, ..moved }, ..session };
    assert_eq!(refused(&store, rotation(&other_branch, moved)).await, Conflict::SessionChanged);
}

/// The token went out again since the decision: answers that carry it are under way.
pub async fn a_rotation_after_a_hand_out_is_refused(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let change = Change::HandOutAgain { id: session.id, from: session.refresh, at: after(MINUTE) };
    commit(&store, Changes::one(change)).await;
    assert_eq!(refused(&store, rotation(&session, next(&session))).await, Conflict::SessionChanged);
}

/// The token reached the client since the decision: its parent is now proof of a theft.
pub async fn a_rotation_after_a_confirmation_is_refused(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    commit(&store, see(session.id, after(MINUTE), Step::FIRST)).await;
    assert_eq!(refused(&store, rotation(&session, next(&session))).await, Conflict::SessionChanged);
}

/// A sign-out wins over every refresh that is under way.
pub async fn a_rotation_of_an_ended_session_is_refused(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let end = Change::EndSession { id: session.id, at: noon(), reason: EndReason::SignedOut };
    commit(&store, Changes::one(end)).await;
    assert_eq!(refused(&store, rotation(&session, next(&session))).await, Conflict::SessionChanged);
}

/// There is nothing to rotate.
pub async fn a_rotation_of_an_unknown_session_is_refused(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let unknown = Session { id: SessionId::from_bytes([9; 16]), ..session };
    assert_eq!(refused(&store, rotation(&unknown, next(&unknown))).await, Conflict::SessionChanged);
}

/// A request that arrived early and was handled late takes nothing away.
pub async fn a_rotation_never_shortens_the_idle_expiry(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let (id, from, to) = (session.id, session.refresh, next(&session));
    commit(&store, Changes::one(Change::RotateSession { id, from, to, idle_expiry: noon() })).await;
    assert_eq!(read(&store, id).await.idle_expiry, session.idle_expiry);
}

/// Twenty tabs, one cookie, one winner.
pub async fn of_many_rotations_at_the_same_time_one_wins(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let units = (0..20).map(|_| rotation(&session, next(&session))).collect();
    assert_eq!(race(&store, units).await, 1);
    assert_eq!(read(&store, session.id).await.refresh, next(&session));
}

/// Nothing is narrowed on the way.
pub async fn the_largest_counters_read_back(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let to = RefreshState {
        generation: u32::MAX,
        branch: u16::MAX,
        parent_branch: Some(u16::MAX),
        rotated_at: after(MINUTE),
        handed_out_at: after(MINUTE),
        confirmed: false,
    };
    commit(&store, rotation(&session, to)).await;
    assert_eq!(read(&store, session.id).await.refresh, to);
}

/// The latest note counts, whichever arrives last.
pub async fn a_hand_out_is_noted_and_never_moves_back(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let (id, from) = (session.id, session.refresh);
    for at in [after(MINUTE * 2), after(MINUTE)] {
        commit(&store, Changes::one(Change::HandOutAgain { id, from, at })).await;
        let refresh = RefreshState { handed_out_at: after(MINUTE * 2), ..session.refresh };
        assert_eq!(read(&store, id).await, Session { refresh, ..session.clone() });
    }
}

/// It rests on the same reading as a rotation.
pub async fn a_hand_out_of_an_old_state_is_refused(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let change = Change::HandOutAgain { id: session.id, from: session.refresh, at: after(MINUTE) };
    commit(&store, rotation(&session, next(&session))).await;
    assert_eq!(refused(&store, Changes::one(change.clone())).await, Conflict::SessionChanged);

    let end = Change::EndSession { id: session.id, at: noon(), reason: EndReason::SignedOut };
    commit(&store, Changes::one(end)).await;
    assert_eq!(refused(&store, Changes::one(change)).await, Conflict::SessionChanged);
}

/// The successor has reached the client.
pub async fn a_session_seen_under_its_current_token_is_confirmed(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    commit(&store, see(session.id, after(MINUTE), Step::FIRST)).await;
    let refresh = RefreshState { confirmed: true, ..session.refresh };
    assert_eq!(read(&store, session.id).await, Session { refresh, last_seen_at: after(MINUTE), ..session });
}

/// An access token of an older generation says nothing about the current one. Nor does it take a confirmation back.
pub async fn a_session_seen_under_an_older_token_is_not_confirmed(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    let to = next(&session);
    commit(&store, rotation(&session, to)).await;
    for (issued_under, confirmed) in [(Step::FIRST, false), (to.current(), true), (Step::FIRST, true)] {
        commit(&store, see(session.id, after(MINUTE), issued_under)).await;
        assert_eq!(read(&store, session.id).await.refresh.confirmed, confirmed);
    }
}

/// Requests arrive out of order.
pub async fn last_seen_never_moves_back(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    commit(&store, see(session.id, after(MINUTE), Step::FIRST)).await;
    commit(&store, see(session.id, noon(), Step::FIRST)).await;
    assert_eq!(read(&store, session.id).await.last_seen_at, after(MINUTE));
}

/// The new token has yet to show that it arrived.
pub async fn a_rotation_takes_the_confirmation_away(store: Arc<dyn Store>) {
    let session = given_session(&store).await;
    commit(&store, see(session.id, after(MINUTE), Step::FIRST)).await;
    let seen = read(&store, session.id).await;
    commit(&store, rotation(&seen, next(&seen))).await;
    assert!(!read(&store, session.id).await.refresh.confirmed);
}
