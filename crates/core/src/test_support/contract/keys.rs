//! Keys.

use std::sync::Arc;

use handstamp_token::{Algorithm, KeyId};

use super::{
    commit, refused,
    samples::{HOUR, after, noon},
};
use crate::{
    model::{KeyPurpose, KeyState, SealedKey, StoredKey},
    store::{Change, Changes, Conflict, Store},
};

fn key(id: &str, state: KeyState) -> StoredKey {
    StoredKey {
        id: KeyId::new(id).expect("it is a key id"),
        purpose: KeyPurpose::AccessToken,
        algorithm: Algorithm::Es256,
        sealed: SealedKey::from_bytes(vec![0, 1, 2, 255]),
        state,
        created_at: noon(),
    }
}

fn add(key: &StoredKey) -> Changes {
    Changes::one(Change::AddKey(key.clone()))
}

/// Every purpose, state and algorithm survives.
pub async fn keys_read_back_as_written_oldest_first(store: Arc<dyn Store>) {
    let keys = [
        StoredKey { created_at: after(HOUR), ..key("b", KeyState::NEXT) },
        StoredKey { purpose: KeyPurpose::RefreshToken, ..key("a", KeyState::Active { since: noon() }) },
        StoredKey {
            purpose: KeyPurpose::RevocationFeed,
            algorithm: Algorithm::EdDsa,
            created_at: after(HOUR * 2),
            ..key("d", KeyState::Retired { at: noon(), remove_at: after(HOUR) })
        },
        StoredKey { created_at: after(HOUR * 3), ..key("c", KeyState::Revoked { at: noon() }) },
        StoredKey {
            created_at: after(HOUR * 4),
            ..key("e", KeyState::Next { asked_at: Some(after(HOUR * 5)) })
        },
    ];
    for key in &keys {
        commit(&store, add(key)).await;
    }
    let [second, first, third, fourth, fifth] = keys;
    assert_eq!(store.keys().await.expect("the store works"), [first, second, third, fourth, fifth]);
}

/// Ids are unique, and the first keeps it.
pub async fn a_taken_key_id_is_refused(store: Arc<dyn Store>) {
    let first = key("a", KeyState::NEXT);
    commit(&store, add(&first)).await;
    let second = StoredKey { sealed: SealedKey::from_bytes(vec![9]), ..first.clone() };
    assert_eq!(refused(&store, add(&second)).await, Conflict::KeyChanged);
    assert_eq!(store.keys().await.expect("the store works"), [first]);
}

/// Of two processes at their first start, one makes the keys.
pub async fn a_second_first_key_of_a_purpose_is_refused(store: Arc<dyn Store>) {
    let first = |key: StoredKey| Changes::one(Change::AddFirstKey(key));
    let active = KeyState::Active { since: noon() };
    commit(&store, first(key("a", active))).await;
    assert_eq!(refused(&store, first(key("b", active))).await, Conflict::KeyChanged);
    let other_purpose = StoredKey { purpose: KeyPurpose::RefreshToken, ..key("c", active) };
    commit(&store, first(other_purpose)).await;
}

/// A key's life goes on, and nothing else of it changes.
pub async fn a_key_moves_on_from_the_state_that_was_read(store: Arc<dyn Store>) {
    let mut key = key("a", KeyState::NEXT);
    commit(&store, add(&key)).await;
    let states = [
        KeyState::Next { asked_at: Some(noon()) },
        KeyState::Active { since: noon() },
        KeyState::Retired { at: noon(), remove_at: after(HOUR) },
        KeyState::Revoked { at: after(HOUR) },
    ];
    for state in states {
        let from = std::mem::replace(&mut key.state, state);
        commit(&store, Changes::one(Change::MoveKey { key: key.clone(), from })).await;
        assert_eq!(store.keys().await.expect("the store works"), std::slice::from_ref(&key));
    }
}

/// Two rotations at the same time are one.
pub async fn a_key_that_moved_meanwhile_is_refused(store: Arc<dyn Store>) {
    let active = |since| KeyState::Active { since };
    commit(&store, add(&key("a", active(noon())))).await;
    let retired = key("a", KeyState::Retired { at: noon(), remove_at: after(HOUR) });
    for (key, from) in [
        (retired.clone(), KeyState::NEXT),
        (retired, active(after(HOUR))),
        (key("b", KeyState::NEXT), KeyState::NEXT),
    ] {
        let change = Change::MoveKey { key, from };
        assert_eq!(refused(&store, Changes::one(change)).await, Conflict::KeyChanged);
    }
}

/// Of two replicas that find no next key, one publishes it.
pub async fn a_second_next_key_of_a_purpose_is_refused(store: Arc<dyn Store>) {
    let next = |key: StoredKey| Changes::one(Change::AddNextKey(key));
    commit(&store, add(&key("a", KeyState::Active { since: noon() }))).await;
    commit(&store, next(key("b", KeyState::NEXT))).await;
    assert_eq!(refused(&store, next(key("c", KeyState::NEXT))).await, Conflict::KeyChanged);
    let asked = KeyState::Next { asked_at: Some(noon()) };
    commit(&store, Changes::one(Change::MoveKey { key: key("b", asked), from: KeyState::NEXT })).await;
    assert_eq!(refused(&store, next(key("c", KeyState::NEXT))).await, Conflict::KeyChanged);
    let other_purpose = StoredKey { purpose: KeyPurpose::RevocationFeed, ..key("d", KeyState::NEXT) };
    commit(&store, next(other_purpose)).await;
}

/// Each switch makes room for the key after.
pub async fn a_next_key_takes_the_place_of_one_that_moved_on_in_the_same_unit(store: Arc<dyn Store>) {
    commit(&store, add(&key("a", KeyState::NEXT))).await;
    let active = key("a", KeyState::Active { since: noon() });
    let unit = Changes::one(Change::MoveKey { key: active, from: KeyState::NEXT });
    commit(&store, unit.and(Change::AddNextKey(key("b", KeyState::NEXT)))).await;
    assert_eq!(store.keys().await.expect("the store works").len(), 2);
}

/// A next key must have an id of its own like any other.
pub async fn a_next_key_with_a_taken_id_is_refused(store: Arc<dyn Store>) {
    commit(&store, add(&key("a", KeyState::Active { since: noon() }))).await;
    let next = Changes::one(Change::AddNextKey(key("a", KeyState::NEXT)));
    assert_eq!(refused(&store, next).await, Conflict::KeyChanged);
}

/// Removing is forgetting.
pub async fn a_removed_key_is_gone_and_removing_it_again_does_nothing(store: Arc<dyn Store>) {
    let key = key("a", KeyState::NEXT);
    commit(&store, add(&key)).await;
    for _ in 0..2 {
        commit(&store, Changes::one(Change::RemoveKey(key.id.clone()))).await;
        assert_eq!(store.keys().await.expect("the store works"), []);
    }
}
