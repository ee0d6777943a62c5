//! Keys that take turns under a service, and one that leaks.

use std::time::Duration;

use handstamp_core::{
    flows::keys::{self, When},
    model::KeyPurpose,
};
use serde_json::Value;

use crate::support::{Kit, Reply};

fn kids(reply: &Reply) -> Vec<String> {
    let keys = reply.json()["keys"].as_array().expect("a key set").clone();
    keys.iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

/// Returns the key that a token names.
fn kid(token: &str) -> String {
    let header = token.split('.').next().expect("a header");
    let header = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(header).expect("base64url");
    serde_json::from_slice::<Value>(&header).expect("JSON")["kid"].as_str().expect("a kid").to_owned()
}

#[tokio::test]
async fn verifiers_may_keep_the_key_set_for_a_third_of_the_time_before_a_key_signs() {
    let kit = Kit::new().await;
    for path in ["/.well-known/jwks.json", "/revocations/jwks.json"] {
        let reply = kit.get(path).send().await.expect(200);
        assert_eq!(reply.header("cache-control"), "public, max-age=300", "{path}");
    }

    let kit = Kit::with(&[("keys.publish_ahead", "1m")]).await;
    for path in ["/.well-known/jwks.json", "/revocations/jwks.json"] {
        let reply = kit.get(path).send().await.expect(200);
        assert_eq!(reply.header("cache-control"), "public, max-age=20", "{path}");
    }
}

#[tokio::test]
async fn every_key_is_published_before_it_signs_and_until_its_last_token_is_dead() {
    let kit = Kit::with(&[("keys.rotate_every", "1h")]).await;
    kit.user("ann").await;
    let mut signed_with = Vec::new();
    let mut published_before = kids(&kit.get("/.well-known/jwks.json").send().await);
    for _ in 0..40 {
        kit.wait(Duration::from_mins(5));
        kit.app.keep_keys().await.expect("the store works");
        let (token, _) = kit.tokens("ann").await;
        assert!(published_before.contains(&kid(&token)), "a copy of five minutes ago has the key");
        kit.get("/auth/whoami").bearer(&token).send().await.expect(200);
        signed_with.push(kid(&token));
        published_before = kids(&kit.get("/.well-known/jwks.json").send().await);
        // A token lives for ten minutes: two rounds.
        assert!(signed_with.iter().rev().take(3).all(|kid| published_before.contains(kid)));
    }
    signed_with.dedup();
    assert_eq!(signed_with.len(), 4, "once an hour");
    assert!(!published_before.contains(&signed_with[0]), "and then it goes");
}

#[tokio::test]
async fn the_feed_is_signed_by_a_key_that_was_published_before() {
    let kit = Kit::with(&[("keys.rotate_every", "1h")]).await;
    let before = kids(&kit.get("/revocations/jwks.json").send().await);
    let signs = kit.core().keyring.feed_signing_key().key_id().to_string();
    kit.wait(Duration::from_hours(1));
    kit.app.keep_keys().await.expect("the store works");
    let signs_now = kit.core().keyring.feed_signing_key().key_id().to_string();
    assert_ne!(signs, signs_now);
    assert!(before.contains(&signs_now));
    assert!(kids(&kit.get("/revocations/jwks.json").send().await).contains(&signs), "its batches are out");
}

#[tokio::test]
async fn a_replica_takes_over_what_another_process_has_changed() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let other =
        handstamp_core::test_support::Kit::over(kit.store.clone(), kit.rules.clock.clone(), |_| {}).await;
    let now = kit.rules.clock.now();
    let _ =
        keys::rotate(&other.ctx, KeyPurpose::AccessToken, When::Forced, None, now).await.expect("it rotates");

    kit.app.keep_keys().await.expect("the store works");

    let (token, _) = kit.tokens("ann").await;
    assert_eq!(kid(&token), other.ctx.keyring.signing_key().key_id().as_str());
}

/// The event has the keys loaded again before anybody hears of it.
#[tokio::test]
async fn a_leaked_key_signs_and_verifies_nothing_once_its_event_is_read() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, refresh) = kit.tokens("ann").await;
    kit.get("/auth/whoami").bearer(&token).send().await.expect(200);
    let leaked = kid(&token);
    // By another process: this one has only the log to learn it from.
    let other =
        handstamp_core::test_support::Kit::over(kit.store.clone(), kit.rules.clock.clone(), |_| {}).await;
    keys::revoke(&other.ctx, &leaked, None, kit.rules.clock.now()).await.expect("it is there");

    kit.app.follow_revocations().await;

    // The service knows the key no longer. Elsewhere the answer is `token_revoked` until the key set is fetched again.
    kit.get("/auth/whoami").bearer(&token).send().await.refused(401, "token_invalid");
    assert!(!kids(&kit.get("/.well-known/jwks.json").send().await).contains(&leaked));
    let body = serde_json::json!({ "refresh_token": refresh });
    let refreshed = kit.post("/auth/refresh").json(&body).send().await.expect(200).json();
    let fresh = refreshed["access_token"].as_str().expect("a token");
    assert_ne!(kid(fresh), leaked);
    kit.get("/auth/whoami").bearer(fresh).send().await.expect(200);
}
