use std::time::Duration;

use crate::support::{AUTH, Kit, submit, submit_from, visit, whoami};

const FORM: &str = "/auth/sign-out";

#[tokio::test]
async fn the_page_asks_first() {
    let (_, mut browser) = Kit::with_ann().await;

    let page = visit(&mut browser, FORM).await.page(200);

    assert!(page.contains("You are signed in as ann."), "{page}");
    // Going there changes nothing.
    whoami(&mut browser).await.expect(200);
}

#[tokio::test]
async fn the_form_signs_out_and_the_browser_forgets() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (elsewhere, _) = kit.tokens("ann").await;
    let mut browser = kit.signed_in("ann").await;

    let reply = submit(&mut browser, FORM, &[("scope", "session")]).await;

    assert_eq!(reply.header("clear-site-data"), "\"cache\"");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.sent_on(), "/auth/sign-in?done=signed_out");
    let left: Vec<_> = browser.jar.cookies().iter().map(|cookie| cookie.name.as_str()).collect();
    assert_eq!(left, ["auth_hint"]);
    assert_eq!(browser.document_cookie(AUTH).split('.').next_back(), Some("out"), "other tabs notice");
    kit.get("/auth/whoami").bearer(&elsewhere).send().await.expect(200);
}

#[tokio::test]
async fn the_form_signs_out_everywhere() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (elsewhere, _) = kit.tokens("ann").await;
    let mut browser = kit.signed_in("ann").await;

    submit(&mut browser, FORM, &[("scope", "everywhere")]).await.sent_on();

    kit.get("/auth/whoami").bearer(&elsewhere).send().await.refused(401, "token_revoked");
}

#[tokio::test]
async fn a_page_left_open_for_hours_still_signs_out_everywhere() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (_, refresh) = kit.tokens("ann").await;
    let mut browser = kit.signed_in("ann").await;
    kit.wait(Duration::from_hours(3));
    browser.now += 3 * 3600;

    assert_eq!(
        submit(&mut browser, FORM, &[("scope", "everywhere")]).await.sent_on(),
        "/auth/sign-in?done=signed_out"
    );

    let body = serde_json::json!({ "refresh_token": refresh });
    kit.post("/auth/refresh").json(&body).send().await.refused(401, "session_ended");
}

#[tokio::test]
async fn an_expired_token_alone_cannot_sign_out_everywhere() {
    let (kit, mut browser) = Kit::with_ann().await;
    browser.jar.remove("__Secure-rt");
    kit.wait(Duration::from_hours(1));
    browser.now += 3600;

    let reply = submit(&mut browser, FORM, &[("scope", "everywhere")]).await;

    assert!(reply.set_cookies().is_empty());
    assert_eq!(reply.sent_on(), "/auth/sign-in?return_to=%2Fauth%2Fsign-out");
}

#[tokio::test]
async fn signing_out_twice_is_as_good_as_once() {
    let kit = Kit::new().await;

    let reply = submit(&mut kit.browser(), FORM, &[]).await;

    assert_eq!(reply.sent_on(), "/auth/sign-in?done=signed_out");
}

#[tokio::test]
async fn nobody_signed_in_is_asked_to_sign_in() {
    let kit = Kit::new().await;

    let reply = visit(&mut kit.browser(), FORM).await;

    assert_eq!(reply.sent_on(), "/auth/sign-in?return_to=%2Fauth%2Fsign-out");
}

#[tokio::test]
async fn a_foreign_form_signs_nobody_out() {
    let (_, mut browser) = Kit::with_ann().await;

    submit_from(&mut browser, "https://sibling.auth.example", FORM, &[]).await.page(403);
    submit_from(&mut browser, "https://evil.example", FORM, &[]).await.page(403);

    whoami(&mut browser).await.expect(200);
}

#[tokio::test]
async fn a_reach_that_does_not_exist_signs_nobody_out() {
    let (_, mut browser) = Kit::with_ann().await;

    submit(&mut browser, FORM, &[("scope", "galaxy")]).await.page(422);

    whoami(&mut browser).await.expect(200);
}

#[tokio::test]
async fn a_store_that_is_away_clears_nothing() {
    let (kit, mut browser) = Kit::with_ann().await;
    kit.store.set_away(true);

    submit(&mut browser, FORM, &[]).await.page(503);

    assert_eq!(browser.jar.cookies().len(), 3);
}
