use std::collections::BTreeSet;

use handstamp_core::{claims, flows::users, test_support::Kit};

#[tokio::test]
async fn the_largest_ordinary_token_fits_a_cookie() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let roles: BTreeSet<_> =
        (0..20).map(|n| format!("a-role-of-some-length-{n}").parse().expect("it is a role")).collect();
    users::set_roles(&kit.ctx, ann.id, roles, None, kit.clock.now()).await.expect("ann is there");
    let issued = kit.sign_in("ann").await.expect("ann may sign in");
    assert!(issued.access.text.len() < 2000, "{} bytes", issued.access.text.len());
}

#[tokio::test]
async fn no_two_tokens_share_an_id_and_each_says_what_it_was_issued_under() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let first = kit.sign_in("ann").await.expect("ann may sign in");
    let again = kit.refresh(&first).await.expect("the session lives");
    assert_ne!(first.access.claims.jti, again.access.claims.jti);
    for issued in [&first, &again] {
        assert_eq!(claims::issued_under(&issued.access.claims.jti), Some(issued.session.refresh.current()));
    }
}

#[tokio::test]
async fn a_token_does_not_print() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let issued = kit.sign_in("ann").await.expect("ann may sign in");
    let printed = format!("{issued:?}");
    assert!(!printed.contains(&issued.access.text) && !printed.contains(issued.refresh.reveal()));
}
