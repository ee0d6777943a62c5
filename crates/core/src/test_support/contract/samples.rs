use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::commit;
use crate::{
    model::{
        ClientId, Organization, OrganizationStatus, PasswordHash, RefreshState, Session, SessionId,
        SessionState, User, UserId, UserStatus, later,
    },
    store::{Change, Changes, Store},
};

pub(super) const HOUR: Duration = Duration::from_hours(1);
/// An hour, but for the smallest part that every store keeps.
pub(super) const ALMOST_AN_HOUR: Duration = Duration::from_micros(3_599_999_999);

/// A moment with a fraction of a second that every store keeps.
pub(super) fn noon() -> Timestamp {
    Timestamp::from_microsecond(1_795_348_800_123_456).expect("it is in the calendar")
}

pub(super) fn after(by: Duration) -> Timestamp {
    later(noon(), by)
}

pub(super) fn user(name: &str) -> User {
    let mut id = [0; 16];
    for (byte, letter) in id.iter_mut().zip(name.bytes()) {
        *byte = letter;
    }
    User {
        id: UserId::from_bytes(id),
        username: name.parse().expect("it is a name"),
        email: Some(format!("{name}@example.org").parse().expect("it is an address")),
        org_id: None,
        roles: BTreeSet::new(),
        claims: BTreeMap::new(),
        status: UserStatus::Active,
        password: Some(PasswordHash::from_phc(format!("the hash of {name}"))),
        origin: None,
        created_at: noon(),
        version: 0,
    }
}

pub(super) fn organization(id: &str) -> Organization {
    Organization {
        id: id.parse().expect("it is an id"),
        name: format!("The {id} company"),
        status: OrganizationStatus::Active,
        created_at: noon(),
    }
}

pub(super) fn session(number: u8, user: &User) -> Session {
    Session {
        id: SessionId::from_bytes([number; 16]),
        user_id: user.id,
        client_id: ClientId::first_party(),
        device: "Firefox on Linux".to_owned(),
        created_at: noon(),
        auth_time: noon(),
        amr: vec!["pwd".to_owned()],
        absolute_expiry: after(HOUR * 24),
        idle_expiry: after(HOUR),
        refresh: RefreshState::first(noon(), Duration::from_secs(1)),
        last_seen_at: noon(),
        status: None,
        carried: None,
        state: SessionState::Active,
    }
}

pub(super) fn start(session: &Session) -> Changes {
    Changes::one(Change::StartSession { session: session.clone(), user_version: 0, at_most: None })
}

/// Adds a user.
pub(super) async fn given_user(store: &Arc<dyn Store>, name: &str) -> User {
    let user = user(name);
    commit(store, Changes::one(Change::CreateUser(user.clone()))).await;
    user
}

/// Adds a user `ann` with session 1.
pub(super) async fn given_session(store: &Arc<dyn Store>) -> Session {
    let session = session(1, &given_user(store, "ann").await);
    commit(store, start(&session)).await;
    session
}

/// Reads a session that must be there.
pub(super) async fn read(store: &Arc<dyn Store>, id: SessionId) -> Session {
    store.session(id).await.expect("the store works").expect("it is there")
}
