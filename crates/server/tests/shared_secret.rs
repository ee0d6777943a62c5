//! Access tokens under a secret that services share (HS256).

use std::sync::Arc;

use handstamp_core::settings::TokenSecrets;
use handstamp_token::{Algorithm, KeySet, UnixTime, VerifyingKey};
use handstamp_verify::Verifier;
use http::Method;

use crate::support::{AUTH, Kit, own, whoami};

const NEW: &str = "s9Zr1Jt0Ywq4Kc7Nn2Vb5Xe8Mh3Lg6Pd";
const OLD: &str = "T4uQ7aW1zR9sE2dC5fV8gB0hN3jM6kLx";

async fn kit(secrets: &str) -> Kit {
    Kit::new().await.restarted_with_secrets(Some(secrets)).await
}

struct At(UnixTime);

impl handstamp_verify::Clock for At {
    fn now(&self) -> UnixTime {
        self.0
    }
}

/// A service that was handed these secrets.
fn service(kit: &Kit, secrets: &[&str]) -> Verifier {
    let keys = secrets.iter().map(|secret| {
        VerifyingKey::from_secret(Algorithm::Hs256, secret.as_bytes()).expect("it can be used")
    });
    let now = UnixTime::from_secs(kit.rules.clock.now().as_second());
    Verifier::builder(AUTH)
        .audience(AUTH)
        .algorithms(&[Algorithm::Hs256])
        .without_revocations()
        .clock(Arc::new(At(now)))
        .build_with_keys(KeySet::new(keys).expect("they are different"))
        .expect("it is complete")
}

#[tokio::test]
async fn a_service_with_the_secret_verifies_and_one_with_another_does_not() {
    let kit = kit(NEW).await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    let caller = service(&kit, &[NEW]).try_verify(&token).expect("it has the secret");
    assert_eq!(caller.preferred_username(), Some("ann"));
    let refused = service(&kit, &[OLD]).try_verify(&token).expect_err("it has not");
    assert_eq!(refused.code(), handstamp_api_types::ErrorCode::TokenInvalid);
    kit.get("/auth/whoami").bearer(&token).send().await.expect(200);
}

#[tokio::test]
async fn a_secret_is_never_published() {
    let kit = kit(NEW).await;
    let kid = kit.core().keyring.signing_key().key_id().to_string();

    let reply = kit.get("/.well-known/jwks.json").send().await.expect(200);

    assert!(!reply.text().contains("\"k\"") && !reply.text().contains(&kid), "{}", reply.text());
}

#[tokio::test]
async fn while_a_secret_is_changed_tokens_of_both_are_taken() {
    let before = kit(OLD).await;
    before.user("ann").await;
    let (old, _) = before.tokens("ann").await;

    let after = before.restarted_with_secrets(Some(&format!("{NEW}\n{OLD}"))).await;

    let (new, _) = after.tokens("ann").await;
    for token in [&old, &new] {
        after.get("/auth/whoami").bearer(token).send().await.expect(200);
        service(&after, &[NEW, OLD]).try_verify(token).expect("it has both");
    }
    service(&after, &[NEW]).try_verify(&new).expect("the first one signs");
    service(&after, &[NEW]).try_verify(&old).expect_err("it was signed with the other");

    let later = after.restarted_with_secrets(Some(NEW)).await;
    later.get("/auth/whoami").bearer(&old).send().await.refused(401, "token_invalid");
}

#[tokio::test]
async fn a_token_under_the_wrong_secret_is_refused() {
    let (kit, thief) = (kit(NEW).await, kit(OLD).await);
    kit.user("ann").await;
    thief.user("ann").await;
    let (forged, _) = thief.tokens("ann").await;
    kit.get("/auth/whoami").bearer(&forged).send().await.refused(401, "token_invalid");
}

/// Whoever has a cookie of before holds a token that nobody takes any more: the next refresh brings another.
#[tokio::test]
async fn changing_to_a_secret_and_back_signs_nobody_out() {
    let (kit, browser) = Kit::with_ann().await;
    let jar = browser.jar.clone();

    let shared = kit.restarted_with_secrets(Some(NEW)).await;
    let mut browser = shared.browser_with(jar);
    let reply = browser.fetch(own(Method::POST, "/auth/session")).await.expect("nothing blocks it");
    assert_eq!(reply.status(), 200, "{:?}", reply.body());
    let token = browser.jar.get("__Host-Http-at").expect("a cookie").value.clone();
    service(&shared, &[NEW]).try_verify(&token).expect("it is under the secret");

    let back = shared.restarted_with_secrets(None).await;
    let mut browser = back.browser_with(browser.jar.clone());
    let reply = browser.fetch(own(Method::POST, "/auth/session")).await.expect("nothing blocks it");
    assert_eq!(reply.status(), 200, "{:?}", reply.body());
    whoami(&mut browser).await.expect(200);
}

#[tokio::test]
async fn a_secret_of_the_right_text_for_another_algorithm_is_another_key() {
    let text = "s9Zr1Jt0Ywq4Kc7Nn2Vb5Xe8Mh3Lg6PdT4uQ7aW1zR9sE2dC5fV8gB0hN3jM6kLx";
    let secrets = TokenSecrets::from_text(Algorithm::Hs512, text).expect("64 bytes");
    let kit = Kit::new().await;
    kit.user("ann").await;
    let kit = kit.restarted(|settings| {
        settings.tokens.algorithm = Algorithm::Hs512;
        settings.tokens.secrets = Some(secrets);
    });
    let kit = kit.await;
    let (token, _) = kit.tokens("ann").await;
    kit.get("/auth/whoami").bearer(&token).send().await.expect(200);
    let refused = service(&kit, &[text]).try_verify(&token).expect_err("the service takes HS256 alone");
    assert!(format!("{refused:?}").contains("Algorithm"), "{refused:?}");
}
