use std::time::Duration;

use handstamp_core::{
    flows::{
        Issued,
        keys::{self, KeysError},
    },
    model::{EventKind, KeyPurpose, KeyState, Selector, StoredKey},
    test_support::Kit,
};
use handstamp_token::{Algorithm, UnixTime, Validator};
use serde_json::Value;

use super::events;

async fn of(kit: &Kit, purpose: KeyPurpose) -> Vec<StoredKey> {
    let mut keys = keys::list(&kit.ctx).await.expect("the store works");
    keys.retain(|key| key.purpose == purpose);
    keys
}

fn is_good(kit: &Kit, issued: &Issued) -> bool {
    let validator =
        Validator::access_token("https://auth.example", "https://auth.example", &[Algorithm::Es256])
            .expect("it is complete");
    let now = UnixTime::from_secs(kit.clock.now().as_second());
    validator.verify::<Value>(&issued.access.text, &kit.ctx.keyring.verifying_keys(), now).is_ok()
}

#[tokio::test]
async fn the_next_key_is_published_before_it_signs() {
    let kit = Kit::new().await;
    let published: Vec<_> = kit.ctx.keyring.verifying_keys().iter().map(|key| key.key_id().clone()).collect();
    assert_eq!(published.len(), 2);
    keys::rotate(&kit.ctx, KeyPurpose::AccessToken, None, kit.clock.now()).await.expect("keys rotate");
    assert!(published.contains(kit.ctx.keyring.signing_key().key_id()));
}

#[tokio::test]
async fn tokens_of_a_retired_key_are_good_until_the_last_has_expired() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let issued = kit.sign_in("ann").await.expect("ann may sign in");
    keys::rotate(&kit.ctx, KeyPurpose::AccessToken, None, kit.clock.now()).await.expect("keys rotate");
    kit.wait(Duration::from_mins(9));
    keys::housekeep(&kit.ctx, kit.clock.now()).await.expect("the store works");
    assert!(is_good(&kit, &issued));

    kit.wait(Duration::from_hours(1));
    keys::housekeep(&kit.ctx, kit.clock.now()).await.expect("the store works");
    let states: Vec<_> = of(&kit, KeyPurpose::AccessToken).await.iter().map(|key| key.state).collect();
    assert_eq!(states.len(), 2, "the retired key is gone: {states:?}");
}

#[tokio::test]
async fn a_revoked_key_verifies_nothing_and_another_signs() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let issued = kit.sign_in("ann").await.expect("ann may sign in");
    let leaked = kit.ctx.keyring.signing_key().key_id().clone();
    keys::revoke(&kit.ctx, leaked.as_str(), None, kit.clock.now()).await.expect("it is there");
    assert!(!is_good(&kit, &issued));
    assert_ne!(*kit.ctx.keyring.signing_key().key_id(), leaked);
    assert_eq!(events(&kit).await, [(Selector::Key(leaked), EventKind::Dead)]);
    kit.wait_until_settled();
    assert!(is_good(&kit, &kit.refresh(&issued).await.expect("the session goes on")));
}

#[tokio::test]
async fn a_key_can_be_revoked_before_it_ever_signs() {
    let kit = Kit::new().await;
    let signs = kit.ctx.keyring.signing_key().key_id().clone();
    let next = of(&kit, KeyPurpose::AccessToken)
        .await
        .into_iter()
        .find(|key| key.state == KeyState::Next)
        .expect("there is one");
    keys::revoke(&kit.ctx, next.id.as_str(), None, kit.clock.now()).await.expect("it is there");
    assert_eq!(*kit.ctx.keyring.signing_key().key_id(), signs);
    keys::rotate(&kit.ctx, KeyPurpose::AccessToken, None, kit.clock.now()).await.expect("a new one is made");
    assert_ne!(*kit.ctx.keyring.signing_key().key_id(), next.id);
}

#[tokio::test]
async fn an_unknown_key_cannot_be_revoked() {
    let kit = Kit::new().await;
    let revoked = keys::revoke(&kit.ctx, "nothing", None, kit.clock.now()).await;
    assert!(matches!(&revoked, Err(KeysError::NotFound { kid }) if kid == "nothing"), "{revoked:?}");
}

#[tokio::test]
async fn rotations_at_the_same_time_leave_one_active_key() {
    let kit = Kit::new().await;
    let now = kit.clock.now();
    let (first, second) = tokio::join!(
        keys::rotate(&kit.ctx, KeyPurpose::AccessToken, None, now),
        keys::rotate(&kit.ctx, KeyPurpose::AccessToken, None, now),
    );
    first.expect("keys rotate");
    second.expect("keys rotate");
    let keys = of(&kit, KeyPurpose::AccessToken).await;
    assert_eq!(keys.iter().filter(|key| matches!(key.state, KeyState::Active { .. })).count(), 1);
}
