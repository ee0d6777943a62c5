use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::support::{AUTH, Kit, own, whoami};

#[tokio::test]
async fn this_session_ends_and_its_cookies_go() {
    let (_, mut browser) = Kit::with_ann().await;

    let reply = browser.fetch(own(Method::POST, "/auth/sign-out")).await.unwrap();

    assert_eq!(reply.status(), 200);
    assert_eq!(reply.body(), &br#"{"ended":1}"#[..]);
    let left: Vec<_> = browser.jar.cookies().iter().map(|cookie| cookie.name.as_str()).collect();
    assert_eq!(left, ["auth_hint"]);
    assert_eq!(browser.document_cookie(AUTH).split('.').next_back(), Some("out"), "other tabs notice");
    whoami(&mut browser).await.expect(401);
}

/// OWASP Session Management; drafts in local storage are not ours to delete.
#[tokio::test]
async fn the_browser_is_asked_to_forget_its_cache_and_no_drafts() {
    let (_, mut browser) = Kit::with_ann().await;

    let reply = browser.fetch(own(Method::POST, "/auth/sign-out")).await.unwrap();

    assert_eq!(reply.headers()["clear-site-data"], "\"cache\"");
}

/// RFC 6265bis: a cookie goes only at the path and with the attributes at which it was set.
#[tokio::test]
async fn rfc6265_cookies_are_cleared_where_they_were_set() {
    let (_, mut browser) = Kit::with_ann().await;

    let reply = browser.fetch(own(Method::POST, "/auth/sign-out")).await.unwrap();

    let lines: Vec<_> =
        reply.headers().get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    insta::assert_snapshot!(lines[..2].join("\n"), @r"
    __Host-Http-at=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax; Priority=High
    __Secure-rt=; Max-Age=0; Path=/auth; Secure; HttpOnly; SameSite=Strict; Priority=High
    ");
    assert_eq!(browser.dropped, []);
}

#[tokio::test]
async fn everywhere_ends_every_session() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (elsewhere, _) = kit.tokens("ann").await;
    let mut browser = kit.signed_in("ann").await;

    let request = own(Method::POST, "/auth/sign-out").json(r#"{"scope":"everywhere"}"#);
    let reply = browser.fetch(request).await.unwrap();

    assert_eq!(reply.body(), &br#"{"ended":2}"#[..]);
    kit.get("/auth/whoami").bearer(&elsewhere).send().await.refused(401, "token_revoked");
}

#[tokio::test]
async fn a_bearer_token_signs_out_and_no_cookie_is_touched() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, refresh) = kit.tokens("ann").await;

    let reply = kit
        .post("/auth/sign-out")
        .bearer(&token)
        .json(&json!({ "scope": "session" }))
        .send()
        .await
        .expect(200);

    assert!(reply.set_cookies().is_empty());
    let again = kit.post("/auth/refresh").json(&json!({ "refresh_token": refresh })).send().await;
    again.refused(401, "session_ended");
}

#[tokio::test]
async fn an_expired_token_still_ends_its_own_session() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, refresh) = kit.tokens("ann").await;
    kit.wait(Duration::from_hours(1));

    let reply = kit
        .post("/auth/sign-out")
        .ours()
        .cookies(&format!("__Host-Http-at={token}"))
        .send()
        .await
        .expect(200);

    assert_eq!(reply.json()["ended"], 1);
    let again = kit.post("/auth/refresh").json(&json!({ "refresh_token": refresh })).send().await;
    again.refused(401, "session_ended");
}

#[tokio::test]
async fn an_expired_token_alone_cannot_sign_out_everywhere() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    let (other, _) = kit.tokens("ann").await;
    kit.wait(Duration::from_mins(12));

    let call = kit.post("/auth/sign-out").ours().cookies(&format!("__Host-Http-at={token}"));
    call.json(&json!({ "scope": "everywhere" })).send().await.refused(401, "token_expired");

    let call = kit.post("/auth/sign-out").ours().cookies(&format!("__Host-Http-at={other}"));
    assert_eq!(call.send().await.expect(200).json()["ended"], 1, "the other session was still there");
}

/// ASVS 7.4.1: the token of an ended session is of no use, not even for ending others.
#[tokio::test]
async fn asvs_7_4_1_a_token_of_an_ended_session_ends_nothing_else() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (stolen, _) = kit.tokens("ann").await;
    let (other, _) = kit.tokens("ann").await;
    kit.post("/auth/sign-out").bearer(&stolen).send().await.expect(200);
    let everywhere = json!({ "scope": "everywhere" });

    kit.post("/auth/sign-out").bearer(&stolen).json(&everywhere).send().await.refused(401, "token_revoked");
    let cookie = format!("__Host-Http-at={stolen}");
    let call = kit.post("/auth/sign-out").ours().cookies(&cookie).json(&everywhere);
    call.send().await.refused(401, "token_expired");

    kit.get("/auth/whoami").bearer(&other).send().await.expect(200);
}

#[tokio::test]
async fn signing_out_twice_is_as_good_as_once() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    kit.post("/auth/sign-out").bearer(&token).send().await.expect(200);

    let reply = kit
        .post("/auth/sign-out")
        .ours()
        .cookies(&format!("__Host-Http-at={token}"))
        .send()
        .await
        .expect(200);

    assert_eq!(reply.json()["ended"], 0);
    assert_eq!(reply.set_cookies().len(), 3, "the cookies go all the same");
}

#[tokio::test]
async fn a_made_up_token_ends_nobodys_session() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    // A key that nobody knows, and the session of somebody else.
    let (_, rest) = token.split_once('.').unwrap();
    let header = "eyJhbGciOiJFUzI1NiIsImtpZCI6Im1hZGUtdXAiLCJ0eXAiOiJhdCtqd3QifQ";
    let forged = format!("{header}.{rest}");

    let reply = kit.post("/auth/sign-out").ours().cookies(&format!("__Host-Http-at={forged}")).send().await;

    reply.refused(401, "token_missing");
    kit.get("/auth/whoami").bearer(&token).send().await.expect(200);
}

#[tokio::test]
async fn a_foreign_page_cannot_sign_anybody_out() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    let call = kit.post("/auth/sign-out").cookies(&format!("__Host-Http-at={token}"));
    call.header("sec-fetch-site", "cross-site").send().await.refused(403, "csrf_rejected");

    kit.get("/auth/whoami").bearer(&token).send().await.expect(200);
}

#[tokio::test]
async fn a_store_that_is_away_keeps_the_cookies_for_another_try() {
    let (kit, mut browser) = Kit::with_ann().await;
    kit.store.set_away(true);

    let reply = browser.fetch(own(Method::POST, "/auth/sign-out")).await.unwrap();

    assert_eq!(reply.status(), 503);
    assert_eq!(browser.jar.cookies().len(), 3);
}

/// A neighbouring host can plant a second refresh cookie. The access token proves the session all the same.
#[tokio::test]
async fn a_planted_second_refresh_cookie_keeps_nobody_signed_in() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    for age in [Duration::ZERO, Duration::from_hours(1)] {
        let (token, refresh) = kit.tokens("ann").await;
        kit.wait(age);

        let cookies = format!("__Host-Http-at={token}; __Secure-rt={refresh}; __Secure-rt=planted");
        let reply = kit.post("/auth/sign-out").ours().cookies(&cookies).send().await.expect(200);

        assert_eq!(reply.json()["ended"], 1, "{age:?}");
        let cleared = |name: &str| reply.set_cookies().iter().any(|line| line.starts_with(name));
        assert!(cleared("__Host-Http-at=;") && cleared("__Secure-rt=;"), "{age:?}: {reply:?}");
    }
}

#[tokio::test]
async fn a_refresh_token_alone_ends_its_own_session_and_no_other() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (other, _) = kit.tokens("ann").await;
    let (_, refresh) = kit.tokens("ann").await;
    let sign_out = || kit.post("/auth/sign-out").ours().cookies(&format!("__Secure-rt={refresh}"));

    let refused = sign_out().json(&json!({ "scope": "everywhere" })).send().await;
    assert!(
        refused.refused(401, "token_expired").set_cookies().is_empty(),
        "they are needed for another try"
    );
    kit.get("/auth/whoami").bearer(&other).send().await.expect(200);

    assert_eq!(sign_out().send().await.expect(200).json()["ended"], 1);
    kit.get("/auth/whoami").bearer(&other).send().await.expect(200);
}

/// Whoever copied a refresh token long ago must not be able to sign anybody out with it.
#[tokio::test]
async fn a_refresh_token_that_was_replaced_long_ago_ends_nothing() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (mut access, old) = kit.tokens("ann").await;
    let mut newest = old.clone();
    for _ in 0..3 {
        kit.wait(Duration::from_mins(9));
        kit.get("/auth/whoami").bearer(&access).send().await.expect(200);
        let body = json!({ "refresh_token": newest });
        let reply = kit.post("/auth/refresh").json(&body).send().await.expect(200).json();
        access = reply["access_token"].as_str().unwrap().to_owned();
        newest = reply["refresh_token"].as_str().unwrap().to_owned();
    }
    kit.wait(Duration::from_mins(5));

    let call = kit.post("/auth/sign-out").ours().cookies(&format!("__Secure-rt={old}"));
    let reply = call.send().await.refused(401, "token_missing");

    assert_eq!(reply.set_cookies().len(), 3, "it is of no use to anybody");
    kit.get("/auth/whoami").bearer(&access).send().await.expect(200);
}

#[tokio::test]
async fn an_expired_token_and_the_refresh_token_of_its_session_sign_out_everywhere() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    kit.tokens("ann").await;
    let (access, refresh) = kit.tokens("ann").await;
    kit.wait(Duration::from_mins(12));

    let cookies = format!("__Host-Http-at={access}; __Secure-rt={refresh}");
    let call = kit.post("/auth/sign-out").ours().cookies(&cookies).json(&json!({ "scope": "everywhere" }));

    assert_eq!(call.send().await.expect(200).json()["ended"], 2);
}
