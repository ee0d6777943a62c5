//! Values that are right but for what a story changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    model::{
        ClientId, EventKind, NewEvent, PasswordHash, Reason, RefreshState, Selector, Session, SessionId,
        SessionState, User, UserId, UserStatus, later,
    },
    store::Change,
};

/// A moment, to the nanosecond.
pub fn now() -> Timestamp {
    "2026-11-22T06:16:39.123456789Z".parse().expect("it is a time")
}

/// A moment this much later.
pub fn after(time: Duration) -> Timestamp {
    later(now(), time)
}

/// The user with this number.
pub fn user(number: u8) -> User {
    User {
        id: UserId::from_bytes([number; 16]),
        username: format!("user-{number}").parse().expect("it is a name"),
        email: Some(format!("user-{number}@example.org").parse().expect("it is an address")),
        org_id: None,
        roles: BTreeSet::from(["buyer".parse().expect("it is a role")]),
        claims: BTreeMap::from([("height".to_owned(), serde_json::json!(1.800_000_000_000_000_3))]),
        status: UserStatus::Active,
        password: Some(PasswordHash::from_phc("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned())),
        origin: None,
        created_at: now(),
        version: 0,
    }
}

/// The session with this number, of user 1.
pub fn session(number: u32) -> Session {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    Session {
        id: SessionId::from_bytes(id),
        user_id: user(1).id,
        client_id: ClientId::first_party(),
        device: "Firefox \"on\" Linux".to_owned(),
        created_at: now(),
        auth_time: now(),
        amr: vec!["pwd".to_owned(), "say \"friend\"".to_owned()],
        absolute_expiry: after(Duration::from_hours(24 * 30)),
        idle_expiry: after(Duration::from_hours(24 * 7)),
        refresh: RefreshState::first(now(), Duration::from_secs(1)),
        last_seen_at: now(),
        status: None,
        carried: None,
        state: SessionState::Active,
    }
}

/// Starts a session of a user who has never changed.
pub fn starting(session: Session) -> Change {
    Change::StartSession { session, user_version: 0, at_most: None }
}

/// Rotates a session from where it was read.
pub fn rotating(session: &Session) -> Change {
    Change::RotateSession {
        id: session.id,
        from: session.refresh,
        to: session.refresh.rotated(now(), Duration::from_secs(1)).expect("it has not rotated often"),
        idle_expiry: session.idle_expiry,
    }
}

/// An event that says that a session ended.
pub fn event(session: SessionId) -> NewEvent {
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
