use std::collections::BTreeSet;

use handstamp_core::flows::clients::{self, NewClient};

use crate::support::{Kit, Reply};

async fn story() -> (Kit, String, String) {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (access, refresh) = kit.tokens("ann").await;
    (kit, access, refresh)
}

/// Gives a token back the way our own clients do.
async fn give_back(kit: &Kit, token: &str) -> Reply {
    kit.post("/oauth2/revoke").form(&format!("client_id=handstamp&token={token}")).send().await
}

async fn whoami(kit: &Kit, access: &str) -> Reply {
    kit.get("/auth/whoami").bearer(access).send().await
}

#[tokio::test]
async fn rfc7009_a_revoked_access_token_is_refused_and_its_session_goes_on() {
    let (kit, access, refresh) = story().await;

    give_back(&kit, &access).await.expect(200);

    whoami(&kit, &access).await.refused(401, "token_revoked");
    let body = serde_json::json!({ "refresh_token": refresh });
    let fresh = kit.post("/auth/refresh").json(&body).send().await.expect(200).json();
    whoami(&kit, fresh["access_token"].as_str().unwrap()).await.expect(200);
}

/// RFC 7009 §2.1: revoking a refresh token ends its access tokens too.
#[tokio::test]
async fn rfc7009_a_revoked_refresh_token_takes_its_access_tokens_along() {
    let (kit, access, refresh) = story().await;

    give_back(&kit, &refresh).await.expect(200);

    let body = serde_json::json!({ "refresh_token": refresh });
    kit.post("/auth/refresh").json(&body).send().await.refused(401, "session_ended");
    whoami(&kit, &access).await.refused(401, "token_revoked");
}

#[tokio::test]
async fn rfc7009_an_unknown_token_is_answered_like_a_revoked_one() {
    let (kit, access, _) = story().await;
    give_back(&kit, &access).await.expect(200);

    for token in ["x", "hsr_x", access.as_str()] {
        give_back(&kit, token).await.expect(200);
    }
}

#[tokio::test]
async fn rfc7009_a_wrong_hint_still_finds_the_token() {
    let (kit, access, refresh) = story().await;
    let form = format!("client_id=handstamp&token_type_hint=access_token&token={refresh}");

    kit.post("/oauth2/revoke").form(&form).send().await.expect(200);

    whoami(&kit, &access).await.refused(401, "token_revoked");
}

/// RFC 7009 §2.1: the token must have been issued to the client that asks.
#[tokio::test]
async fn rfc7009_a_client_cannot_revoke_tokens_of_another() {
    let (kit, access, refresh) = story().await;
    let new =
        NewClient { id: "reports".parse().unwrap(), scopes: BTreeSet::new(), audiences: BTreeSet::new() };
    let (_, secret) = clients::add(kit.core(), new, None, kit.rules.clock.now()).await.unwrap();

    for token in [&access, &refresh] {
        let form = format!("client_id=reports&client_secret={}&token={token}", secret.reveal());
        kit.post("/oauth2/revoke").form(&form).send().await.expect(200);
    }

    whoami(&kit, &access).await.expect(200);
}

#[tokio::test]
async fn rfc7009_a_client_says_who_it_is() {
    let (kit, access, _) = story().await;

    let silent = kit.post("/oauth2/revoke").form(&format!("token={access}")).send().await.expect(401);
    let unknown = kit.post("/oauth2/revoke").form(&format!("client_id=other&token={access}")).send().await;

    assert_eq!(silent.json()["error"], "invalid_client");
    assert_eq!(unknown.expect(401).json()["error"], "invalid_client");
    whoami(&kit, &access).await.expect(200);
}

#[tokio::test]
async fn rfc7009_the_token_must_be_there() {
    let (kit, _, _) = story().await;

    let reply = kit.post("/oauth2/revoke").form("client_id=handstamp").send().await.expect(400);

    assert_eq!(reply.json()["error"], "invalid_request");
}

#[tokio::test]
async fn a_store_that_is_away_is_503_and_revokes_nothing() {
    let (kit, _, refresh) = story().await;
    kit.store.set_away(true);

    give_back(&kit, &refresh).await.refused(503, "unavailable");

    kit.store.set_away(false);
    let body = serde_json::json!({ "refresh_token": refresh });
    kit.post("/auth/refresh").json(&body).send().await.expect(200);
}
