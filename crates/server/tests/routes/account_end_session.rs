use std::time::Duration;

use handstamp_core::{flows::sessions, model::UserId};

use crate::support::{Kit, submit, submit_from, visit};

const FORM: &str = "/auth/account/end-session";

async fn newest_session(kit: &Kit, user: UserId) -> String {
    sessions::list(kit.core(), user, kit.rules.clock.now()).await.unwrap()[0].id.to_string()
}

#[tokio::test]
async fn the_form_ends_one_device_and_no_other() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let mut browser = kit.signed_in("ann").await;
    let (kept, _) = kit.tokens("ann").await;
    kit.wait(Duration::from_secs(1));
    let (lost, _) = kit.tokens("ann").await;
    let sid = newest_session(&kit, ann.id).await;

    let reply = submit(&mut browser, FORM, &[("sid", &sid)]).await;

    assert_eq!(reply.sent_on(), "/auth/account?done=session_ended");
    kit.get("/auth/whoami").bearer(&lost).send().await.refused(401, "token_revoked");
    kit.get("/auth/whoami").bearer(&kept).send().await.expect(200);
    visit(&mut browser, "/auth/account?done=session_ended").await.page(200);
}

#[tokio::test]
async fn a_device_that_is_gone_already_is_said_to_be() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let mut browser = kit.signed_in("ann").await;
    kit.wait(Duration::from_secs(1));
    kit.tokens("ann").await;
    let sid = newest_session(&kit, ann.id).await;
    submit(&mut browser, FORM, &[("sid", &sid)]).await.sent_on();

    for sid in [sid.as_str(), "00000000000000000000000000000000", "../x", ""] {
        let reply = submit(&mut browser, FORM, &[("sid", sid)]).await;
        assert_eq!(reply.sent_on(), "/auth/account?done=session_gone", "{sid}");
    }
}

#[tokio::test]
async fn somebody_elses_device_is_not_there() {
    let kit = Kit::new().await;
    let bob = kit.user("bob").await;
    kit.user("ann").await;
    let (bobs, _) = kit.tokens("bob").await;
    let sid = newest_session(&kit, bob.id).await;
    let mut browser = kit.signed_in("ann").await;

    let reply = submit(&mut browser, FORM, &[("sid", &sid)]).await;

    assert_eq!(reply.sent_on(), "/auth/account?done=session_gone");
    kit.get("/auth/whoami").bearer(&bobs).send().await.expect(200);
}

#[tokio::test]
async fn a_form_without_a_device_is_refused() {
    let (_, mut browser) = Kit::with_ann().await;

    submit(&mut browser, FORM, &[]).await.page(422);
}

#[tokio::test]
async fn a_foreign_form_ends_nothing() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let mut browser = kit.signed_in("ann").await;
    kit.wait(Duration::from_secs(1));
    let (other, _) = kit.tokens("ann").await;
    let sid = newest_session(&kit, ann.id).await;

    // The cookie is `SameSite=Lax`, so that this one comes without it.
    submit_from(&mut browser, "https://evil.example", FORM, &[("sid", &sid)]).await.sent_on();
    submit_from(&mut browser, "https://sibling.auth.example", FORM, &[("sid", &sid)]).await.page(403);

    kit.get("/auth/whoami").bearer(&other).send().await.expect(200);
}

#[tokio::test]
async fn nobody_signed_in_is_asked_to_sign_in() {
    let kit = Kit::new().await;

    let reply = submit(&mut kit.browser(), FORM, &[("sid", "x")]).await;

    assert_eq!(reply.sent_on(), "/auth/sign-in?return_to=%2Fauth%2Faccount");
}

#[tokio::test]
async fn a_page_left_open_for_hours_still_works() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let mut browser = kit.signed_in("ann").await;
    kit.wait(Duration::from_hours(1));
    browser.now += 3600;
    let (other, _) = kit.tokens("ann").await;
    let sid = newest_session(&kit, ann.id).await;

    let reply = submit(&mut browser, FORM, &[("sid", &sid)]).await;

    assert_eq!(reply.set_cookies().len(), 3, "renewed on the way");
    assert_eq!(reply.sent_on(), "/auth/account?done=session_ended");
    kit.get("/auth/whoami").bearer(&other).send().await.refused(401, "token_revoked");
}
