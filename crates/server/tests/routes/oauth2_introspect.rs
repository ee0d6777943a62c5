use std::{collections::BTreeSet, time::Duration};

use handstamp_core::flows::{
    clients::{self, NewClient},
    users,
};
use serde_json::json;

use crate::support::{Kit, Reply};

/// A service with Ann in it, and a client that may introspect.
async fn story() -> (Kit, String) {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let secret = client(&kit, "gateway", &["introspection"]).await;
    (kit, secret)
}

async fn client(kit: &Kit, id: &str, scopes: &[&str]) -> String {
    let scopes: BTreeSet<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    let new = NewClient { id: id.parse().unwrap(), scopes, audiences: BTreeSet::new() };
    let (_, secret) = clients::add(kit.core(), new, None, kit.rules.clock.now()).await.unwrap();
    secret.reveal().to_owned()
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", base64_simd::STANDARD.encode_to_string(format!("{id}:{secret}")))
}

async fn ask(kit: &Kit, secret: &str, token: &str) -> Reply {
    let call = kit.post("/oauth2/introspect").header("authorization", basic("gateway", secret));
    call.form(&format!("token={token}")).send().await
}

#[track_caller]
fn is_inactive(reply: Reply) {
    assert_eq!(reply.expect(200).json(), json!({ "active": false }));
}

#[tokio::test]
async fn rfc7662_a_good_access_token_is_described() {
    let (kit, secret) = story().await;
    let (access, _) = kit.tokens("ann").await;

    let reply = ask(&kit, &secret, &access).await.expect(200);

    assert_eq!(reply.header("cache-control"), "no-store");
    let body = reply.json();
    assert_eq!(body["active"], true);
    assert_eq!(body["token_type"], "access_token");
    assert_eq!(body["username"], "ann");
    assert_eq!(body["client_id"], "handstamp");
    assert_eq!(body["roles"], json!(["buyer"]));
    assert_eq!(body["exp"].as_i64().unwrap() - body["iat"].as_i64().unwrap(), 600);
}

#[tokio::test]
async fn rfc7662_a_good_refresh_token_is_described() {
    let (kit, secret) = story().await;
    let (_, refresh) = kit.tokens("ann").await;

    let body = ask(&kit, &secret, &refresh).await.expect(200).json();

    assert_eq!((&body["active"], &body["token_type"]), (&true.into(), &"refresh_token".into()));
    assert_eq!(body["username"], "ann");
}

#[tokio::test]
async fn rfc7662_whatever_is_not_a_good_token_is_inactive_and_nothing_more() {
    let (kit, secret) = story().await;
    for text in ["x", "hsr_x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        is_inactive(ask(&kit, &secret, text).await);
    }
}

#[tokio::test]
async fn rfc7662_an_expired_access_token_is_inactive() {
    let (kit, secret) = story().await;
    let (access, _) = kit.tokens("ann").await;

    kit.wait(Duration::from_mins(12));

    is_inactive(ask(&kit, &secret, &access).await);
}

#[tokio::test]
async fn rfc7662_both_tokens_of_an_ended_session_are_inactive() {
    let (kit, secret) = story().await;
    let (access, refresh) = kit.tokens("ann").await;

    kit.post("/auth/sign-out").bearer(&access).send().await.expect(200);

    is_inactive(ask(&kit, &secret, &access).await);
    is_inactive(ask(&kit, &secret, &refresh).await);
}

#[tokio::test]
async fn rfc7662_a_refresh_token_of_a_disabled_account_is_inactive() {
    let (kit, secret) = story().await;
    let (_, refresh) = kit.tokens("ann").await;

    let ann = kit.core().store.user_by_login(&"ann".parse().unwrap()).await.unwrap().unwrap();
    users::disable(kit.core(), ann.id, None, kit.rules.clock.now()).await.unwrap();

    is_inactive(ask(&kit, &secret, &refresh).await);
}

/// RFC 7662 §2.1: otherwise anybody could try out tokens.
#[tokio::test]
async fn rfc7662_the_caller_must_prove_who_it_is() {
    let (kit, secret) = story().await;
    let (access, _) = kit.tokens("ann").await;
    let form = format!("token={access}");

    let nobody = kit.post("/oauth2/introspect").form(&form).send().await.expect(401);
    let wrong = ask(&kit, "hcs_wrong", &access).await.expect(401);
    let unknown = kit.post("/oauth2/introspect").header("authorization", basic("nobody", &secret));
    let unknown = unknown.form(&form).send().await.expect(401);

    for reply in [nobody, wrong, unknown] {
        assert_eq!(reply.json()["error"], "invalid_client");
        assert_eq!(reply.header("www-authenticate"), "Basic realm=\"handstamp\", charset=\"UTF-8\"");
    }
}

#[tokio::test]
async fn a_client_without_the_scope_is_refused() {
    let (kit, _) = story().await;
    let (access, _) = kit.tokens("ann").await;
    let secret = client(&kit, "reports", &["orders:read"]).await;

    let call = kit.post("/oauth2/introspect").header("authorization", basic("reports", &secret));
    let reply = call.form(&format!("token={access}")).send().await.expect(400);

    assert_eq!(reply.json()["error"], "unauthorized_client");
}

#[tokio::test]
async fn rfc6749_the_secret_may_stand_in_the_form_but_not_in_both_places() {
    let (kit, secret) = story().await;
    let (access, _) = kit.tokens("ann").await;
    let form = format!("token={access}&client_id=gateway&client_secret={secret}");

    let body = kit.post("/oauth2/introspect").form(&form).send().await.expect(200).json();
    let both = kit.post("/oauth2/introspect").header("authorization", basic("gateway", &secret));
    let both = both.form(&form).send().await.expect(400);

    assert_eq!(body["active"], true);
    assert_eq!(both.json()["error"], "invalid_request");
}

#[tokio::test]
async fn wrong_secrets_are_slowed_down() {
    let (kit, _) = story().await;
    let (access, _) = kit.tokens("ann").await;

    for _ in 0..100 {
        let reply = ask(&kit, "hcs_wrong", &access).await;
        if reply.0.status() == 429 {
            assert!(reply.header("retry-after").parse::<u64>().unwrap() > 0);
            return;
        }
    }
    panic!("a hundred wrong secrets in a row were all looked at");
}

/// Not knowing is not "inactive": the caller would turn away somebody whose token is good.
#[tokio::test]
async fn a_store_that_is_away_is_503() {
    let (kit, secret) = story().await;
    let (_, refresh) = kit.tokens("ann").await;
    kit.store.set_away(true);

    ask(&kit, &secret, &refresh).await.refused(503, "unavailable");
}

/// A stranger must not lock a machine out, and people behind the same address must not pay for a machine.
#[tokio::test]
async fn wrong_secrets_cost_neither_the_client_nor_its_neighbours_anything() {
    let kit =
        Kit::with(&[("rate_limits.account_attempts", "2"), ("rate_limits.address_attempts", "2")]).await;
    kit.user("ann").await;
    let secret = client(&kit, "gateway", &["introspection"]).await;
    for _ in 0..2 {
        assert_eq!(ask(&kit, "wrong", "x").await.expect(401).json()["error"], "invalid_client");
    }
    assert_ne!(ask(&kit, "wrong", "x").await.expect(429).header("retry-after"), "");

    is_inactive(ask(&kit, &secret, "x").await);
    kit.tokens("ann").await;
}
