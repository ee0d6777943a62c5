use std::time::Duration;

use handstamp_core::flows::users;
use http::Method;
use serde_json::json;

use crate::support::{AUTH, Kit, own, whoami};

#[tokio::test]
async fn cookie_and_bearer_say_the_same() {
    let (kit, mut browser) = Kit::with_ann().await;
    let token = browser.jar.get("__Host-Http-at").unwrap().value.clone();

    let by_cookie = whoami(&mut browser).await.expect(200);
    let by_bearer = kit.get("/auth/whoami").bearer(&token).send().await.expect(200);

    assert_eq!(by_cookie.0.body(), by_bearer.0.body());
    assert_eq!(by_bearer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn the_answer_has_exactly_these_members() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    let body = kit.get("/auth/whoami").bearer(&token).send().await.expect(200).json();

    let expected =
        ["amr", "auth_time", "email", "expires_in", "org_id", "preferred_username", "roles", "sid", "sub"];
    let mut members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, expected);
    assert_eq!(body["org_id"], json!(null));
}

#[tokio::test]
async fn configured_custom_claims_stand_beside_the_others() {
    let kit = Kit::with(&[("tokens.custom_claims", "plan,seats")]).await;
    let ann = kit.user("ann").await;
    let claims = [("plan", json!("gold")), ("seats", json!(5)), ("secret", json!("no"))];
    let claims = claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    users::set_claims(kit.core(), ann.id, claims, None, kit.rules.clock.now()).await.unwrap();
    let (token, _) = kit.tokens("ann").await;

    let body = kit.get("/auth/whoami").bearer(&token).send().await.expect(200).json();

    assert_eq!((&body["plan"], &body["seats"], &body["secret"]), (&json!("gold"), &json!(5), &json!(null)));
}

#[tokio::test]
async fn time_that_is_left_is_relative() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    kit.wait(Duration::from_secs(90));

    let body = kit.get("/auth/whoami").bearer(&token).send().await.expect(200).json();
    assert_eq!(body["expires_in"], 510);
}

/// RFC 6750 §3.1: no credentials, no error code.
#[tokio::test]
async fn rfc6750_no_credentials_is_401_without_an_error_code() {
    let kit = Kit::new().await;

    let reply = kit.get("/auth/whoami").send().await.refused(401, "token_missing");

    assert_eq!(reply.header("www-authenticate"), "Bearer");
}

/// RFC 6750 §3.1 and RFC 9068 §4: an expired token is 401, never 403.
#[tokio::test]
async fn rfc9068_an_expired_token_is_401_invalid_token() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    kit.wait(Duration::from_mins(12));

    let reply = kit.get("/auth/whoami").bearer(&token).send().await.refused(401, "token_expired");
    let challenge = "Bearer error=\"invalid_token\", error_description=\"token_expired\"";
    assert_eq!(reply.header("www-authenticate"), challenge);
}

#[tokio::test]
async fn what_is_not_a_token_is_malformed() {
    let kit = Kit::new().await;

    for token in ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        let reply = kit.get("/auth/whoami").bearer(token).send().await.expect(401);
        assert!(
            ["token_malformed", "token_invalid"].contains(&reply.json()["code"].as_str().unwrap()),
            "{token}"
        );
    }
}

/// RFC 9700 §4.3.
#[tokio::test]
async fn rfc9700_a_token_in_the_query_is_refused() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    let reply = kit.get(&format!("/auth/whoami?access_token={token}")).bearer(&token).send().await;

    reply.refused(401, "token_invalid");
}

/// RFC 6265bis: two cookies of one name cannot be told apart.
#[tokio::test]
async fn rfc6265_two_cookies_of_one_name_are_refused() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    let twice = format!("__Host-Http-at={token}; __Host-Http-at={token}");
    kit.get("/auth/whoami").cookies(&twice).send().await.refused(401, "token_malformed");
    let two_headers = kit.get("/auth/whoami").cookies(&format!("__Host-Http-at={token}"));
    two_headers.cookies(&format!("__Host-Http-at={token}")).send().await.refused(401, "token_malformed");
}

#[tokio::test]
async fn a_cookie_and_a_header_that_differ_are_refused() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (one, _) = kit.tokens("ann").await;
    let (other, _) = kit.tokens("ann").await;

    let call = kit.get("/auth/whoami").bearer(&one).cookies(&format!("__Host-Http-at={other}"));

    call.send().await.refused(401, "token_invalid");
}

/// ASVS 7.4.1: after sign-out no further use, although the token has not expired.
#[tokio::test]
async fn asvs_7_4_1_a_token_of_an_ended_session_is_revoked() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    kit.post("/auth/sign-out").bearer(&token).send().await.expect(200);

    kit.get("/auth/whoami").bearer(&token).send().await.refused(401, "token_revoked");
}

/// ASVS 7.4.2: disabling an account ends its sessions.
#[tokio::test]
async fn asvs_7_4_2_a_token_of_a_disabled_account_is_revoked() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    users::disable(kit.core(), ann.id, None, kit.rules.clock.now()).await.unwrap();

    kit.get("/auth/whoami").bearer(&token).send().await.refused(401, "token_revoked");
}

#[tokio::test]
async fn a_token_of_another_issuer_is_refused() {
    let kit = Kit::new().await;
    let other = Kit::with(&[("server.public_url", "https://other.example")]).await;
    other.user("ann").await;
    let reply = other
        .post("/auth/sign-in")
        .json(&crate::support::sign_in_body("ann", crate::support::PASSWORD, "body"))
        .send()
        .await
        .json();

    let token = reply["access_token"].as_str().unwrap();
    kit.get("/auth/whoami").bearer(token).send().await.refused(401, "token_invalid");
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_reads_it_with_credentials() {
    let app = "https://app.auth.example";
    let kit = Kit::with(&[("server.allowed_origins", app)]).await;
    kit.user("ann").await;
    let mut browser = kit.signed_in("ann").await;

    let ask = |page: &str| {
        handstamp_e2e::browser::Fetch::script(page, Method::GET, &format!("{AUTH}/auth/whoami"))
            .with_credentials()
    };

    assert_eq!(browser.fetch(ask(app)).await.unwrap().status(), 200);
    assert!(browser.fetch(ask("https://evil.auth.example")).await.is_err());
}

/// RFC 6750, and refresh.md: roles that changed are out of date, not the session.
#[tokio::test]
async fn a_token_with_roles_of_yesterday_is_stale_and_one_refresh_cures_it() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let mut browser = kit.signed_in("ann").await;
    kit.rules.wait_until_settled();
    let roles = ["auditor".parse().unwrap()].into();
    users::set_roles(kit.core(), ann.id, roles, None, kit.rules.clock.now()).await.unwrap();
    let token = browser.jar.get("__Host-Http-at").unwrap().value.clone();
    kit.get("/auth/whoami").bearer(&token).send().await.refused(401, "token_stale");

    let reply = browser.fetch(own(Method::POST, "/auth/session")).await.unwrap();

    let body: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
    assert_eq!(body["roles"], json!(["auditor"]), "{body}");
    whoami(&mut browser).await.expect(200);
}

#[tokio::test]
async fn it_costs_no_look_into_the_store() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    kit.store.asked();

    for _ in 0..10 {
        kit.get("/auth/whoami").bearer(&token).send().await.expect(200);
    }

    assert_eq!(kit.store.asked(), 0);
}

#[tokio::test]
async fn without_its_store_it_goes_on_for_a_while_and_then_is_503_never_401() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    kit.get("/auth/whoami").bearer(&token).send().await.expect(200);
    kit.store.set_away(true);

    kit.wait(Duration::from_secs(20));
    kit.get("/auth/whoami").bearer(&token).send().await.expect(200);
    kit.wait(Duration::from_secs(20));
    let reply = kit.get("/auth/whoami").bearer(&token).send().await.refused(503, "unavailable");
    assert_ne!(reply.header("retry-after"), "");

    kit.store.set_away(false);
    kit.get("/auth/whoami").bearer(&token).send().await.expect(200);
}
