use handstamp_core::{
    flows::change_password::{ChangePassword, ChangePasswordError, change_password},
    model::{AuditKind, EventKind, Selector, SessionState},
    password::{Password, rules::PasswordRejection},
    test_support::{Kit, PASSWORD},
};

use super::{audit, events, state};

const NEW: &str = "nine purple teapots sing";

#[tokio::test]
async fn the_session_in_hand_goes_on_and_every_other_ends() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let here = kit.sign_in("ann").await.expect("ann may sign in");
    let there = kit.sign_in("ann").await.expect("ann may sign in");
    let command = ChangePassword {
        user: ann.id,
        session: here.session.id,
        current: Password::new(PASSWORD),
        new: Password::new(NEW),
        address: None,
    };
    let changed = change_password(&kit.ctx, command, kit.clock.now()).await.expect("it is a good one");

    assert_eq!(changed.sessions_ended, 1);
    assert_eq!(state(&kit, here.session.id).await, SessionState::Active);
    assert_ne!(state(&kit, there.session.id).await, SessionState::Active);
    assert!(audit(&kit, ann.id).await.contains(&AuditKind::PasswordChanged));
    // Every access token of before is dead. The new one has read the log after that.
    assert_eq!(events(&kit).await, [(Selector::Subject(ann.id), EventKind::Dead)]);
    assert_eq!((here.access.claims.rev.seq, changed.access.claims.rev.seq), (0, 1));
    assert_eq!(changed.access.claims.sid, here.session.id);

    kit.sign_in("ann").await.expect_err("the old password is gone");
    kit.sign_in_with("ann", NEW).await.expect("the new one works");
    kit.wait_until_settled();
    kit.refresh(&here).await.expect("the session in hand goes on");
}

#[tokio::test]
async fn a_stolen_session_is_not_enough() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let here = kit.sign_in("ann").await.expect("ann may sign in");
    let command = ChangePassword {
        user: ann.id,
        session: here.session.id,
        current: Password::new("a short ship and a star"),
        new: Password::new(NEW),
        address: None,
    };
    let changed = change_password(&kit.ctx, command, kit.clock.now()).await;
    assert!(matches!(changed, Err(ChangePasswordError::WrongPassword)), "{changed:?}");
    kit.sign_in("ann").await.expect("nothing has changed");
}

#[tokio::test]
async fn a_weak_new_password_is_refused_with_its_reason() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let here = kit.sign_in("ann").await.expect("ann may sign in");
    let command = ChangePassword {
        user: ann.id,
        session: here.session.id,
        current: Password::new(PASSWORD),
        new: Password::new("passwordpassword"),
        address: None,
    };
    let changed = change_password(&kit.ctx, command, kit.clock.now()).await;
    assert!(matches!(changed, Err(ChangePasswordError::Rejected(PasswordRejection::Common))), "{changed:?}");
}
