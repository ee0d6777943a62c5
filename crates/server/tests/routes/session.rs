use std::time::Duration;

use handstamp_core::flows::keys::{self, When};
use handstamp_core::model::KeyPurpose;
use http::Method;

use crate::support::{Kit, own, whoami};

#[tokio::test]
async fn a_good_token_answers_whoami_and_sets_no_cookie() {
    let (_, mut browser) = Kit::with_ann().await;

    let reply = browser.fetch(own(Method::POST, "/auth/session")).await.unwrap();

    assert_eq!(reply.status(), 200);
    assert!(reply.headers().get("set-cookie").is_none());
}

#[tokio::test]
async fn an_expired_token_is_refreshed_on_the_way() {
    let (kit, mut browser) = Kit::with_ann().await;
    let before = browser.jar.get("__Secure-rt").unwrap().value.clone();
    kit.wait(Duration::from_hours(1));

    let reply = browser.fetch(own(Method::POST, "/auth/session")).await.unwrap();

    assert_eq!(reply.status(), 200);
    assert_ne!(browser.jar.get("__Secure-rt").unwrap().value, before);
    whoami(&mut browser).await.expect(200);
}

#[tokio::test]
async fn nobody_is_told_so() {
    let kit = Kit::new().await;

    kit.post("/auth/session").ours().send().await.refused(401, "token_missing");
}

#[tokio::test]
async fn an_ended_session_is_over() {
    let (kit, mut browser) = Kit::with_ann().await;
    let token = browser.jar.get("__Host-Http-at").unwrap().value.clone();
    kit.post("/auth/sign-out").bearer(&token).send().await.expect(200);
    let kept = browser.jar.cookies().len();

    let reply = browser.fetch(own(Method::POST, "/auth/session")).await.unwrap();

    assert_eq!(reply.status(), 401);
    assert!(reply.headers().get("set-cookie").is_none());
    assert_eq!(browser.jar.cookies().len(), kept);
    let body: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
    assert_eq!(body["code"], "session_ended");
}

#[tokio::test]
async fn a_bearer_token_is_never_refreshed_with_a_cookie() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, refresh) = kit.tokens("ann").await;
    kit.wait(Duration::from_hours(1));

    let call = kit.post("/auth/session").bearer(&token).cookies(&format!("__Secure-rt={refresh}"));

    call.send().await.refused(401, "token_expired");
}

#[tokio::test]
async fn a_foreign_page_cannot_make_the_browser_refresh() {
    let (kit, browser) = Kit::with_ann().await;
    let cookies: Vec<_> =
        browser.jar.cookies().iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();

    let call = kit.post("/auth/session").cookies(&cookies.join("; ")).header("sec-fetch-site", "cross-site");

    call.send().await.refused(403, "csrf_rejected");
}

#[tokio::test]
async fn a_rotated_and_forgotten_signing_key_signs_nobody_out() {
    let (kit, mut browser) = Kit::with_ann().await;
    let core = kit.core();
    // The laptop sleeps; meanwhile the key that signed its token retires and is forgotten.
    let now = kit.rules.clock.now();
    keys::rotate(core, KeyPurpose::AccessToken, When::Forced, None, now).await.unwrap();
    kit.wait(Duration::from_hours(24));
    kit.app.keep_keys().await.unwrap();
    let token = browser.jar.get("__Host-Http-at").unwrap().value.clone();
    kit.get("/auth/whoami").bearer(&token).send().await.refused(401, "token_invalid");

    let reply = browser.fetch(own(Method::POST, "/auth/session")).await.unwrap();

    assert_eq!(reply.status(), 200, "{:?}", reply.body());
}
