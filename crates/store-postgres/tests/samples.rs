//! Values that are right but for what a story changes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use handstamp_core::model::{
    ClientId, EventKind, NewEvent, PasswordHash, Reason, RefreshState, Selector, Session, SessionId,
    SessionState, User, UserId, UserStatus,
};
use handstamp_core::store::{Change, Changes};
use jiff::Timestamp;

/// A moment, to the nanosecond.
pub(crate) fn now() -> Timestamp {
    "2026-11-22T06:16:39.123456789Z".parse().unwrap()
}

/// A moment this much later.
pub(crate) fn after(time: Duration) -> Timestamp {
    now().checked_add(time).unwrap()
}

/// The user with this number.
pub(crate) fn user(number: u8) -> User {
    User {
        id: UserId::from_bytes([number; 16]),
        username: format!("user-{number}").parse().unwrap(),
        email: None,
        org_id: None,
        roles: BTreeSet::new(),
        claims: BTreeMap::from([("height".to_owned(), serde_json::json!(1.800_000_000_000_000_3))]),
        status: UserStatus::Active,
        password: Some(PasswordHash::from_phc("a hash".to_owned())),
        origin: None,
        created_at: now(),
        version: 0,
    }
}

/// The session with this number, of user 1.
pub(crate) fn session(number: u32) -> Session {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    Session {
        id: SessionId::from_bytes(id),
        user_id: user(1).id,
        client_id: ClientId::first_party(),
        device: "Firefox".to_owned(),
        created_at: now(),
        auth_time: now(),
        amr: vec!["pwd".to_owned()],
        absolute_expiry: after(Duration::from_hours(24 * 30)),
        idle_expiry: after(Duration::from_hours(24 * 7)),
        refresh: RefreshState::first(now(), Duration::from_secs(1)),
        last_seen_at: now(),
        status: None,
        carried: None,
        state: SessionState::Active,
    }
}

/// Starts a session of a user of this version.
pub(crate) fn starting(session: &Session, user_version: u64) -> Changes {
    Changes::one(Change::StartSession { session: session.clone(), user_version, at_most: None })
}

/// Rotates a session from where it was read.
pub(crate) fn rotating(session: &Session) -> Changes {
    let to = session.refresh.rotated(now(), Duration::from_secs(1)).unwrap();
    let idle_expiry = session.idle_expiry;
    Changes::one(Change::RotateSession { id: session.id, from: session.refresh, to, idle_expiry }).relaxed()
}

/// An event that says that a session ended.
pub(crate) fn event(session: SessionId) -> NewEvent {
    NewEvent {
        selector: Selector::Session(session),
        kind: EventKind::Dead,
        reason: Reason::SessionEnded,
        at: now(),
        forget_at: after(Duration::from_mins(11)),
        user: None,
        org_id: None,
    }
}
