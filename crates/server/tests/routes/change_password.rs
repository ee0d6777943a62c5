use http::Method;
use serde_json::json;

use crate::support::{Kit, PASSWORD, own, sign_in_body, whoami};

const NEW: &str = "a wet sheet and a flowing sea";

/// ASVS 7.4.3: other sessions end when the password changes.
#[tokio::test]
async fn asvs_7_4_3_the_password_changes_and_every_other_session_ends() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (elsewhere, _) = kit.tokens("ann").await;
    let mut browser = kit.signed_in("ann").await;

    let body = json!({ "current_password": PASSWORD, "new_password": NEW }).to_string();
    let reply = browser.fetch(own(Method::POST, "/auth/change-password").json(body)).await.unwrap();

    assert_eq!(reply.status(), 200, "{:?}", reply.body());
    assert_eq!(reply.body(), &br#"{"ended":1}"#[..]);
    kit.get("/auth/whoami").bearer(&elsewhere).send().await.refused(401, "token_revoked");
    // This one goes on.
    whoami(&mut browser).await.expect(200);
    let sign_in =
        async |password| kit.post("/auth/sign-in").json(&sign_in_body("ann", password, "body")).send().await;
    sign_in(PASSWORD).await.refused(401, "invalid_credentials");
    sign_in(NEW).await.expect(200);
}

#[tokio::test]
async fn a_caller_by_bearer_token_gets_a_fresh_one() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    let reply = kit.post("/auth/change-password").bearer(&token).json(&body).send().await.expect(200);

    let fresh = reply.json()["access_token"].as_str().unwrap().to_owned();
    kit.get("/auth/whoami").bearer(&fresh).send().await.expect(200);
    assert!(reply.set_cookies().is_empty());
}

/// ASVS 6.2.3: a stolen session is not enough.
#[tokio::test]
async fn asvs_6_2_3_the_current_password_is_needed() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    let body = json!({ "current_password": "guess", "new_password": NEW });
    let reply = kit.post("/auth/change-password").bearer(&token).json(&body).send().await;

    assert_eq!(reply.refused(422, "validation_failed").pointers(), ["/current_password"]);
}

#[tokio::test]
async fn guessing_the_current_password_is_slowed_down() {
    let kit = Kit::with(&[("rate_limits.account_attempts", "2")]).await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    let guess = async || {
        let body = json!({ "current_password": "guess", "new_password": NEW });
        kit.post("/auth/change-password").bearer(&token).json(&body).send().await
    };
    guess().await.expect(422);
    guess().await.expect(422);

    assert_ne!(guess().await.refused(429, "rate_limited").header("retry-after"), "");
}

/// NIST SP 800-63B-4 §3.1.1.2: a refused password comes with the reason.
#[tokio::test]
async fn nist_800_63b_a_weak_password_is_refused_with_a_reason() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    for weak in ["short", "passwordpassword", "ann ann ann ann ann"] {
        let body = json!({ "current_password": PASSWORD, "new_password": weak });
        let reply = kit.post("/auth/change-password").bearer(&token).json(&body).send().await;
        let reply = reply.refused(422, "validation_failed");
        assert_eq!(reply.pointers(), ["/new_password"], "{weak}");
        assert!(!reply.text().contains(weak), "{weak}");
    }
}

#[tokio::test]
async fn nobody_signed_in_changes_nothing() {
    let kit = Kit::new().await;

    kit.post("/auth/change-password").json(&json!({})).send().await.refused(401, "token_missing");
}
