use handstamp_core::{
    flows::sign_out::{SignOut, sign_out},
    model::{AuditKind, EventKind, Selector, SessionState},
    test_support::Kit,
};

use super::{audit, events, state};

#[tokio::test]
async fn signing_out_ends_this_session_and_no_other() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let here = kit.sign_in("ann").await.expect("ann may sign in").session.id;
    let there = kit.sign_in("ann").await.expect("ann may sign in").session.id;
    let command = SignOut { user: ann.id, session: here, everywhere: false, address: None };
    assert_eq!(sign_out(&kit.ctx, command, kit.clock.now()).await.expect("the store works"), 1);
    assert_ne!(state(&kit, here).await, SessionState::Active);
    assert_eq!(state(&kit, there).await, SessionState::Active);
    assert_eq!(events(&kit).await, [(Selector::Session(here), EventKind::Dead)]);
    assert_eq!(audit(&kit, ann.id).await.last(), Some(&AuditKind::SignedOut));
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_with_one_event() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let here = kit.sign_in("ann").await.expect("ann may sign in").session.id;
    kit.sign_in("ann").await.expect("ann may sign in");
    let command = SignOut { user: ann.id, session: here, everywhere: true, address: None };
    assert_eq!(sign_out(&kit.ctx, command, kit.clock.now()).await.expect("the store works"), 2);
    assert_eq!(events(&kit).await, [(Selector::Subject(ann.id), EventKind::Dead)]);
}

#[tokio::test]
async fn signing_out_twice_is_as_good_as_once_and_writes_nothing() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let here = kit.sign_in("ann").await.expect("ann may sign in").session.id;
    let command = SignOut { user: ann.id, session: here, everywhere: false, address: None };
    sign_out(&kit.ctx, command, kit.clock.now()).await.expect("the store works");
    assert_eq!(sign_out(&kit.ctx, command, kit.clock.now()).await.expect("the store works"), 0);
    assert_eq!(events(&kit).await.len(), 1);
}

#[tokio::test]
async fn nobody_signs_another_user_out() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let bob = kit.user("bob").await;
    let anns = kit.sign_in("ann").await.expect("ann may sign in").session.id;
    let command = SignOut { user: bob.id, session: anns, everywhere: false, address: None };
    assert_eq!(sign_out(&kit.ctx, command, kit.clock.now()).await.expect("the store works"), 0);
    assert_eq!(state(&kit, anns).await, SessionState::Active);
}
