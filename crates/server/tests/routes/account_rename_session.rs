use handstamp_core::flows::sessions;

use crate::support::{Kit, submit, submit_from, visit};

const FORM: &str = "/auth/account/rename-session";

async fn names(kit: &Kit, user: handstamp_core::model::UserId) -> Vec<(String, String)> {
    let sessions = sessions::list(kit.core(), user, kit.rules.clock.now()).await.unwrap();
    sessions.into_iter().map(|session| (session.id.to_string(), session.device)).collect()
}

#[tokio::test]
async fn the_form_renames_a_device() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let mut browser = kit.signed_in("ann").await;
    let (sid, _) = names(&kit, ann.id).await.remove(0);

    let reply = submit(&mut browser, FORM, &[("sid", &sid), ("device", " Laptop in the kitchen ")]).await;

    assert_eq!(reply.sent_on(), "/auth/account?done=renamed");
    assert_eq!(names(&kit, ann.id).await[0].1, "Laptop in the kitchen");
    assert!(visit(&mut browser, "/auth/account").await.page(200).contains("Laptop in the kitchen"));
}

#[tokio::test]
async fn a_name_that_cannot_be_is_refused_with_the_rule() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let mut browser = kit.signed_in("ann").await;
    let before = names(&kit, ann.id).await;
    let sid = before[0].0.clone();

    for name in ["", "   ", "two\nlines", &"x".repeat(65)] {
        let page = submit(&mut browser, FORM, &[("sid", &sid), ("device", name)]).await.page(422);
        assert!(page.contains("A device needs a name of 1 to 64 characters."), "{page}");
    }

    assert_eq!(names(&kit, ann.id).await, before);
}

#[tokio::test]
async fn somebody_elses_device_is_not_there() {
    let kit = Kit::new().await;
    let bob = kit.user("bob").await;
    kit.user("ann").await;
    kit.tokens("bob").await;
    let before = names(&kit, bob.id).await;
    let mut browser = kit.signed_in("ann").await;

    let reply = submit(&mut browser, FORM, &[("sid", &before[0].0), ("device", "mine")]).await;

    assert_eq!(reply.sent_on(), "/auth/account?done=session_gone");
    assert_eq!(names(&kit, bob.id).await, before);
}

#[tokio::test]
async fn a_foreign_form_renames_nothing() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let mut browser = kit.signed_in("ann").await;
    let before = names(&kit, ann.id).await;

    let fields = [("sid", before[0].0.as_str()), ("device", "yours")];
    submit_from(&mut browser, "https://sibling.auth.example", FORM, &fields).await.page(403);

    assert_eq!(names(&kit, ann.id).await, before);
}

#[tokio::test]
async fn nobody_signed_in_is_asked_to_sign_in() {
    let kit = Kit::new().await;

    let reply = submit(&mut kit.browser(), FORM, &[("sid", "x"), ("device", "y")]).await;

    assert_eq!(reply.sent_on(), "/auth/sign-in?return_to=%2Fauth%2Faccount");
}
