use std::time::Duration;

use handstamp_core::{
    flows::clean_up::clean_up,
    model::{AuditKind, EndReason, SessionState},
    test_support::Kit,
};

use super::{audit, state};

#[tokio::test]
async fn a_session_that_has_run_out_ends_and_a_month_later_is_forgotten() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let session = kit.sign_in("ann").await.expect("ann may sign in").session.id;
    kit.wait(Duration::from_hours(7 * 24));
    let (done, more) = clean_up(&kit.ctx, kit.clock.now()).await.expect("the store works");
    assert_eq!((done.sessions_expired, more), (1, false));
    assert!(matches!(state(&kit, session).await, SessionState::Ended { reason: EndReason::Expired, .. }));
    assert_eq!(audit(&kit, ann.id).await.last(), Some(&AuditKind::SessionEnded));

    kit.wait(Duration::from_hours(30 * 24 + 1));
    let (done, _) = clean_up(&kit.ctx, kit.clock.now()).await.expect("the store works");
    assert_eq!(done.sessions_forgotten, 1);
}
