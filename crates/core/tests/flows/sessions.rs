use std::time::Duration;

use handstamp_core::{
    claims,
    flows::{Issued, sessions, sessions::SessionsError},
    model::{AuditKind, EventKind, Selector, SessionState, Step},
    test_support::Kit,
};

use super::{audit, events, state};

async fn two_devices() -> (Kit, Issued, Issued) {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let first = kit.sign_in("ann").await.expect("ann may sign in");
    kit.wait(Duration::from_secs(1));
    let second = kit.sign_in("ann").await.expect("ann may sign in");
    (kit, first, second)
}

#[tokio::test]
async fn the_list_shows_own_live_sessions_newest_first() {
    let (kit, first, second) = two_devices().await;
    kit.user("bob").await;
    kit.sign_in("bob").await.expect("bob may sign in");
    let list =
        sessions::list(&kit.ctx, first.session.user_id, kit.clock.now()).await.expect("the store works");
    assert_eq!(list, [second.session, first.session]);
}

#[tokio::test]
async fn ending_an_own_device_kills_its_tokens() {
    let (kit, first, second) = two_devices().await;
    let (user, now) = (first.session.user_id, kit.clock.now());
    sessions::end_own(&kit.ctx, user, second.session.id, None, now).await.expect("it is ann's");
    assert_ne!(state(&kit, second.session.id).await, SessionState::Active);
    assert_eq!(state(&kit, first.session.id).await, SessionState::Active);
    assert_eq!(events(&kit).await, [(Selector::Session(second.session.id), EventKind::Dead)]);
    assert_eq!(audit(&kit, user).await.last(), Some(&AuditKind::SessionEnded));
}

#[tokio::test]
async fn another_users_session_is_not_found() {
    let (kit, first, _) = two_devices().await;
    let bob = kit.user("bob").await;
    let (id, now) = (first.session.id, kit.clock.now());
    let ended = sessions::end_own(&kit.ctx, bob.id, id, None, now).await;
    assert!(matches!(ended, Err(SessionsError::NotFound)), "{ended:?}");
    let relabelled = sessions::relabel(&kit.ctx, bob.id, id, "mine", now).await;
    assert!(matches!(relabelled, Err(SessionsError::NotFound)), "{relabelled:?}");
    assert_eq!(state(&kit, id).await, SessionState::Active);
}

#[tokio::test]
async fn ending_all_others_leaves_the_one_in_hand() {
    let (kit, first, second) = two_devices().await;
    let (user, now) = (first.session.user_id, kit.clock.now());
    let ended =
        sessions::end_others(&kit.ctx, user, first.session.id, None, now).await.expect("the store works");
    assert_eq!(ended, 1);
    assert_eq!(state(&kit, first.session.id).await, SessionState::Active);
    assert_eq!(events(&kit).await, [(Selector::Session(second.session.id), EventKind::Dead)]);
    let again =
        sessions::end_others(&kit.ctx, user, first.session.id, None, now).await.expect("the store works");
    assert_eq!(again, 0);
}

#[tokio::test]
async fn a_device_can_be_renamed() {
    let (kit, first, _) = two_devices().await;
    let (user, id, now) = (first.session.user_id, first.session.id, kit.clock.now());
    sessions::relabel(&kit.ctx, user, id, " Küche ", now).await.expect("it is ann's");
    let stored = kit.ctx.store.session(id).await.expect("the store works").expect("it is there");
    assert_eq!(stored.device, "Küche");
}

#[tokio::test]
async fn a_token_that_comes_back_confirms_its_session_and_moves_last_seen_once() {
    let (kit, first, _) = two_devices().await;
    let id = first.session.id;
    let step = claims::issued_under(&first.access.claims.jti).expect("it is one of ours");
    assert_eq!(step, Step::FIRST);
    kit.wait(Duration::from_mins(1));
    let seen_at = kit.clock.now();
    for _ in 0..3 {
        sessions::seen(&kit.ctx, id, step, kit.clock.now()).await.expect("the store works");
        kit.wait(Duration::from_mins(1));
    }
    let stored = kit.ctx.store.session(id).await.expect("the store works").expect("it is there");
    assert!(stored.refresh.confirmed);
    assert_eq!(stored.last_seen_at, seen_at);
}
