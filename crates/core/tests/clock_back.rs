//! A clock that jumps back costs nobody their session, and nobody gets one back.

use std::time::Duration;

use handstamp_core::flows::refresh::RefreshError;
use handstamp_core::flows::sign_out::{SignOut, sign_out};
use handstamp_core::test_support::Kit;

const AN_HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_session_goes_on_while_the_clock_is_behind_and_after_it_is_right_again() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let signed_in = kit.sign_in("ann").await.expect("the password is right");
    kit.wait_until_settled();
    let rotated = kit.refresh(&signed_in).await.expect("the session is live");

    kit.clock.rewind(AN_HOUR);
    let behind = kit.refresh(&rotated).await.expect("the newest token is good by any clock");
    let tab = kit.refresh(&signed_in).await.expect("another tab with the token before is no thief");
    assert_eq!(behind.session.id, tab.session.id);

    kit.wait(AN_HOUR + Duration::from_mins(10));
    kit.refresh(&behind).await.expect("the session goes on");
}

#[tokio::test]
async fn a_sign_out_holds_when_the_clock_jumps_back_before_it() {
    let kit = Kit::new().await;
    let user = kit.user("ann").await;
    let signed_in = kit.sign_in("ann").await.expect("the password is right");
    kit.wait(AN_HOUR);
    let command = SignOut { user: user.id, session: signed_in.session.id, everywhere: false, address: None };
    sign_out(&kit.ctx, command, kit.clock.now()).await.expect("the session is live");

    kit.clock.rewind(AN_HOUR * 2);

    let refused = kit.refresh(&signed_in).await.expect_err("it is over");
    assert!(matches!(refused, RefreshError::SessionEnded { .. }), "{refused:?}");
}
