use std::time::Duration;

use handstamp_core::{
    flows::{
        Issued,
        keys::{self, KeysError, Rotated, When},
    },
    model::{AuditKind, EventKind, KeyPurpose, LogPosition, Selector, StoredKey, VerifierReport},
    settings::TokenSecrets,
    store::{Change, Changes},
    test_support::Kit,
};
use handstamp_token::{Algorithm, KeyId, UnixTime, Validator};
use serde_json::Value;

use super::events;

const ACCESS: KeyPurpose = KeyPurpose::AccessToken;
/// So long a key is published before it signs, by default.
const AHEAD: Duration = Duration::from_mins(15);
const DAY: Duration = Duration::from_hours(24);

async fn of(kit: &Kit, purpose: KeyPurpose) -> Vec<StoredKey> {
    let mut keys = kit.ctx.store.keys().await.expect("the store works");
    keys.retain(|key| key.purpose == purpose);
    keys
}

async fn next(kit: &Kit, purpose: KeyPurpose) -> KeyId {
    let mut next = of(kit, purpose).await;
    next.retain(|key| key.state.is_next());
    assert_eq!(next.len(), 1, "{next:?}");
    next.remove(0).id
}

async fn active(kit: &Kit, purpose: KeyPurpose) -> KeyId {
    let mut active = of(kit, purpose).await;
    active.retain(|key| key.state.is_active());
    assert_eq!(active.len(), 1, "{active:?}");
    active.remove(0).id
}

async fn rotate(kit: &Kit, when: When) -> Result<Rotated, KeysError> {
    keys::rotate(&kit.ctx, ACCESS, when, None, kit.clock.now()).await
}

async fn housekeep(kit: &Kit) {
    keys::housekeep(&kit.ctx, kit.clock.now()).await.expect("the store works");
}

/// A process of a service says which keys it holds.
async fn report(kit: &Kit, instance: &str, kids: &[&KeyId]) {
    let report = VerifierReport {
        client: Some("orders".parse().expect("it is an id")),
        instance: instance.parse().expect("it is a name"),
        kids: kids.iter().copied().cloned().collect(),
        position: LogPosition { epoch: 1, seq: 0 },
        lag: Duration::ZERO,
        reported_at: kit.clock.now(),
    };
    let note = Changes::one(Change::NoteReport { report, at_most: 10 });
    kit.ctx.store.apply(note).await.expect("the store works");
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
    for purpose in [ACCESS, KeyPurpose::RevocationFeed] {
        let next = next(&kit, purpose).await;
        let published = match purpose {
            ACCESS => kit.ctx.keyring.jwks(),
            _ => kit.ctx.keyring.feed_verifying_keys().to_jwks(),
        };
        assert!(published.keys.iter().any(|key| key.kid.as_ref() == Some(&next)), "{purpose:?}");
        keys::rotate(&kit.ctx, purpose, When::Forced, None, kit.clock.now()).await.expect("keys rotate");
        assert_eq!(active(&kit, purpose).await, next);
    }
}

#[tokio::test]
async fn a_key_that_may_not_be_known_everywhere_signs_when_it_is() {
    let kit = Kit::new().await;
    let (before, coming) = (active(&kit, ACCESS).await, next(&kit, ACCESS).await);

    let rotated = rotate(&kit, When::Ready).await.expect("it is asked for");

    let Rotated::Waits(outlook) = rotated else { panic!("nobody can know the key yet") };
    assert_eq!((&outlook.kid, outlook.behind.len()), (&coming, 0));
    kit.wait(Duration::from_secs(899));
    housekeep(&kit).await;
    assert_eq!(active(&kit, ACCESS).await, before);
    kit.wait(Duration::from_secs(1));
    housekeep(&kit).await;
    assert_eq!(active(&kit, ACCESS).await, coming);
    assert_eq!(*kit.ctx.keyring.signing_key().key_id(), coming);
    assert_ne!(next(&kit, ACCESS).await, coming);
}

#[tokio::test]
async fn a_key_that_is_known_everywhere_signs_at_once() {
    let kit = Kit::new().await;
    let coming = next(&kit, ACCESS).await;
    kit.wait(AHEAD);

    assert_eq!(rotate(&kit, When::Ready).await.expect("keys rotate"), Rotated::Switched);

    assert_eq!(active(&kit, ACCESS).await, coming);
}

#[tokio::test]
async fn a_rotation_now_is_refused_while_the_next_key_is_young() {
    let kit = Kit::new().await;
    let coming = next(&kit, ACCESS).await;
    let refused = rotate(&kit, When::Now).await;
    assert!(matches!(&refused, Err(KeysError::TooYoung { kid, .. }) if *kid == coming), "{refused:?}");
    kit.wait(AHEAD);
    housekeep(&kit).await;
    assert_ne!(active(&kit, ACCESS).await, coming, "what was refused was not asked for");
    rotate(&kit, When::Now).await.expect("everybody knows it");
    assert_eq!(active(&kit, ACCESS).await, coming);
}

#[tokio::test]
async fn a_rotation_now_is_refused_while_a_service_does_not_hold_the_next_key() {
    let kit = Kit::new().await;
    let (before, coming) = (active(&kit, ACCESS).await, next(&kit, ACCESS).await);
    kit.wait(AHEAD);
    report(&kit, "a", &[&before]).await;
    report(&kit, "b", &[&before, &coming]).await;

    let refused = rotate(&kit, When::Now).await;

    assert!(matches!(refused, Err(KeysError::NotHeld { behind: 1, .. })), "{refused:?}");
    assert_eq!(active(&kit, ACCESS).await, before);
    rotate(&kit, When::Forced).await.expect("that is what force is for");
    assert_eq!(active(&kit, ACCESS).await, coming);
}

#[tokio::test]
async fn a_switch_waits_for_a_service_that_is_behind() {
    let kit = Kit::new().await;
    let (before, coming) = (active(&kit, ACCESS).await, next(&kit, ACCESS).await);
    kit.wait(AHEAD);
    report(&kit, "a", &[&before]).await;

    let Rotated::Waits(outlook) = rotate(&kit, When::Ready).await.expect("it is asked for") else {
        panic!("a service does not hold it")
    };
    assert_eq!(outlook.behind.len(), 1);
    housekeep(&kit).await;
    assert_eq!(active(&kit, ACCESS).await, before);

    report(&kit, "a", &[&before, &coming]).await;
    housekeep(&kit).await;
    assert_eq!(active(&kit, ACCESS).await, coming);
}

#[tokio::test]
async fn a_service_that_is_never_there_again_is_not_waited_for() {
    let kit = Kit::new().await;
    let (before, coming) = (active(&kit, ACCESS).await, next(&kit, ACCESS).await);
    kit.wait(AHEAD);
    report(&kit, "a", &[&before]).await;
    rotate(&kit, When::Ready).await.expect("it is asked for");
    kit.wait(Duration::from_mins(3));
    housekeep(&kit).await;
    assert_eq!(active(&kit, ACCESS).await, coming);
}

#[tokio::test]
async fn asking_twice_asks_once() {
    let kit = Kit::new().await;
    rotate(&kit, When::Ready).await.expect("it is asked for");
    let asked = of(&kit, ACCESS).await;
    kit.wait(Duration::from_mins(1));
    rotate(&kit, When::Ready).await.expect("it is asked for");
    assert_eq!(of(&kit, ACCESS).await, asked);
}

#[tokio::test]
async fn keys_take_turns_by_themselves() {
    let kit = Kit::new().await;
    for purpose in [ACCESS, KeyPurpose::RevocationFeed] {
        let coming = next(&kit, purpose).await;
        kit.wait(DAY * 29);
        housekeep(&kit).await;
        assert_ne!(active(&kit, purpose).await, coming);
        kit.wait(DAY);
        housekeep(&kit).await;
        assert_eq!(active(&kit, purpose).await, coming, "{purpose:?}");
    }
}

#[tokio::test]
async fn keys_that_never_leave_the_service_change_when_somebody_asks() {
    let kit = Kit::new().await;
    let purpose = KeyPurpose::RefreshToken;
    let (before, coming) = (active(&kit, purpose).await, next(&kit, purpose).await);
    kit.wait(DAY * 365);
    housekeep(&kit).await;
    assert_eq!(active(&kit, purpose).await, before);
    keys::rotate(&kit.ctx, purpose, When::Now, None, kit.clock.now()).await.expect("keys rotate");
    assert_eq!(active(&kit, purpose).await, coming);
}

#[tokio::test]
async fn without_a_schedule_keys_change_when_somebody_asks() {
    let kit = Kit::with(|settings| settings.keys.rotate_every = None).await;
    let before = active(&kit, ACCESS).await;
    kit.wait(DAY * 365);
    housekeep(&kit).await;
    assert_eq!(active(&kit, ACCESS).await, before);
    rotate(&kit, When::Ready).await.expect("keys rotate");
    assert_ne!(active(&kit, ACCESS).await, before);
}

#[tokio::test]
async fn tokens_of_a_retired_key_are_good_until_the_last_has_expired() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let issued = kit.sign_in("ann").await.expect("ann may sign in");
    rotate(&kit, When::Forced).await.expect("keys rotate");
    kit.wait(Duration::from_mins(9));
    housekeep(&kit).await;
    assert!(is_good(&kit, &issued));

    kit.wait(Duration::from_hours(1));
    housekeep(&kit).await;
    let states: Vec<_> = of(&kit, ACCESS).await.iter().map(|key| key.state).collect();
    assert_eq!(states.len(), 2, "the retired key is gone: {states:?}");
    assert_eq!(kit.ctx.keyring.jwks().keys.len(), 2);
}

#[tokio::test]
async fn a_revoked_key_verifies_nothing_and_another_signs() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let issued = kit.sign_in("ann").await.expect("ann may sign in");
    let (leaked, coming) = (active(&kit, ACCESS).await, next(&kit, ACCESS).await);
    keys::revoke(&kit.ctx, leaked.as_str(), None, kit.clock.now()).await.expect("it is there");
    assert!(!is_good(&kit, &issued));
    assert_eq!(*kit.ctx.keyring.signing_key().key_id(), coming, "services know the next key already");
    assert!(!kit.ctx.keyring.jwks().keys.iter().any(|key| key.kid.as_ref() == Some(&leaked)));
    assert_eq!(events(&kit).await, [(Selector::Key(leaked), EventKind::Dead)]);
    kit.wait_until_settled();
    assert!(is_good(&kit, &kit.refresh(&issued).await.expect("the session goes on")));
}

#[tokio::test]
async fn a_key_can_be_revoked_before_it_ever_signs() {
    let kit = Kit::new().await;
    let (signs, leaked) = (active(&kit, ACCESS).await, next(&kit, ACCESS).await);
    keys::revoke(&kit.ctx, leaked.as_str(), None, kit.clock.now()).await.expect("it is there");
    assert_eq!(active(&kit, ACCESS).await, signs);
    housekeep(&kit).await;
    assert_ne!(next(&kit, ACCESS).await, leaked, "another one is published");
}

#[tokio::test]
async fn when_every_key_has_leaked_a_new_one_signs() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let issued = kit.sign_in("ann").await.expect("ann may sign in");
    let leaked = [next(&kit, ACCESS).await, active(&kit, ACCESS).await];
    for kid in &leaked {
        keys::revoke(&kit.ctx, kid.as_str(), None, kit.clock.now()).await.expect("it is there");
    }
    let signs = active(&kit, ACCESS).await;
    assert!(!leaked.contains(&signs));
    assert!(!leaked.contains(&next(&kit, ACCESS).await));
    kit.wait_until_settled();
    assert!(is_good(&kit, &kit.refresh(&issued).await.expect("the session goes on")));
}

#[tokio::test]
async fn revoking_twice_revokes_once() {
    let kit = Kit::new().await;
    let leaked = active(&kit, ACCESS).await;
    for _ in 0..2 {
        keys::revoke(&kit.ctx, leaked.as_str(), None, kit.clock.now()).await.expect("it is there");
    }
    assert_eq!(events(&kit).await.len(), 1);
    assert_eq!(of(&kit, ACCESS).await.len(), 3);
}

#[tokio::test]
async fn an_unknown_key_cannot_be_revoked() {
    let kit = Kit::new().await;
    let revoked = keys::revoke(&kit.ctx, "nothing", None, kit.clock.now()).await;
    assert!(matches!(&revoked, Err(KeysError::NotFound { kid }) if kid == "nothing"), "{revoked:?}");
}

#[tokio::test]
async fn rotations_at_the_same_time_are_one() {
    let kit = Kit::new().await;
    let coming = next(&kit, ACCESS).await;
    kit.wait(AHEAD);
    let (first, second) = tokio::join!(rotate(&kit, When::Ready), rotate(&kit, When::Ready));
    assert_eq!(
        (first.expect("keys rotate"), second.expect("keys rotate")),
        (Rotated::Switched, Rotated::Switched)
    );
    assert_eq!(active(&kit, ACCESS).await, coming);
    assert_eq!(of(&kit, ACCESS).await.len(), 3);
}

#[tokio::test]
async fn replicas_that_find_no_next_key_at_the_same_time_publish_one() {
    let kit = Kit::new().await;
    let gone = next(&kit, ACCESS).await;
    kit.ctx.store.apply(Changes::one(Change::RemoveKey(gone))).await.expect("the store works");
    tokio::join!(housekeep(&kit), housekeep(&kit), housekeep(&kit));
    next(&kit, ACCESS).await;
}

#[tokio::test]
async fn replicas_that_find_a_switch_due_at_the_same_time_make_it_once() {
    let kit = Kit::new().await;
    let coming = next(&kit, ACCESS).await;
    kit.wait(DAY * 30);
    tokio::join!(housekeep(&kit), housekeep(&kit), housekeep(&kit));
    assert_eq!(active(&kit, ACCESS).await, coming);
    assert_eq!(of(&kit, ACCESS).await.len(), 3);
}

#[tokio::test]
async fn what_becomes_of_keys_is_in_the_audit_log() {
    let kit = Kit::new().await;
    let (before, coming) = (active(&kit, ACCESS).await, next(&kit, ACCESS).await);
    rotate(&kit, When::Forced).await.expect("keys rotate");
    let entries = kit.ctx.store.audit_entries(None, 3).await.expect("the store works");
    assert!(entries.iter().all(|entry| entry.kind == AuditKind::KeyChanged));
    let told: Vec<_> = entries.iter().rev().filter_map(|entry| entry.detail.clone()).collect();
    let after = next(&kit, ACCESS).await;
    assert_eq!(
        told,
        [
            format!("access_token key {coming} activated"),
            format!("access_token key {after} published"),
            format!("access_token key {before} retired"),
        ]
    );
}

#[tokio::test]
async fn the_list_says_who_holds_which_key() {
    let kit = Kit::new().await;
    let (signs, coming) = (active(&kit, ACCESS).await, next(&kit, ACCESS).await);
    report(&kit, "a", &[&signs]).await;
    report(&kit, "b", &[&signs, &coming]).await;
    report(&kit, "says-nothing", &[]).await;

    let list = keys::list(&kit.ctx, kit.clock.now()).await.expect("the store works");

    let of = |kid: &KeyId| list.keys.iter().find(|listed| listed.key.id == *kid).expect("it is listed");
    assert_eq!((of(&signs).held_by, of(&signs).behind.len()), (2, 0));
    assert_eq!((of(&coming).held_by, of(&coming).behind.len()), (1, 1));
    assert_eq!(of(&coming).behind[0].instance.as_str(), "a");
    assert_eq!(of(&coming).outlook, of(&signs).outlook);
    assert!(of(&coming).outlook.as_ref().is_some_and(|outlook| outlook.switches_at().is_some()));
    let feed = active(&kit, KeyPurpose::RevocationFeed).await;
    assert_eq!((of(&feed).held_by, of(&feed).behind.len()), (0, 0), "nobody said anything of it");
}

const SECRET: &str = "s9Zr1Jt0Ywq4Kc7Nn2Vb5Xe8Mh3Lg6Pd";

/// Access tokens under a secret of the operator's.
async fn with_secret() -> Kit {
    Kit::with(|settings| {
        settings.tokens.algorithm = Algorithm::Hs256;
        settings.tokens.secrets = Some(TokenSecrets::from_text(Algorithm::Hs256, SECRET).expect("a secret"));
    })
    .await
}

#[tokio::test]
async fn an_operators_secret_is_neither_rotated_nor_revoked_here() {
    let kit = with_secret().await;
    let kid = kit.ctx.keyring.signing_key().key_id().clone();
    let refused = rotate(&kit, When::Forced).await;
    assert!(matches!(&refused, Err(KeysError::Configured { kid: named }) if *named == kid), "{refused:?}");
    let refused = keys::revoke(&kit.ctx, kid.as_str(), None, kit.clock.now()).await;
    assert!(matches!(&refused, Err(KeysError::Configured { kid: named }) if *named == kid), "{refused:?}");
    kit.wait(DAY * 365);
    housekeep(&kit).await;
    assert!(of(&kit, ACCESS).await.is_empty(), "no key is made that nothing is signed with");
}
