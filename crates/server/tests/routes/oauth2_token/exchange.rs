use std::time::Duration;

use serde_json::json;

use super::{
    machines::{ACCESS_TOKEN, EXCHANGE, access_token, ask, claims, client, exchange, introspected},
    refused,
};
use crate::support::Kit;

/// A service with Ann in it, the `Authorization` of the orders service, and Ann's access token.
async fn story() -> (Kit, String, String) {
    let kit = Kit::with(&[("tokens.audiences", "orders,profiles")]).await;
    kit.user("ann").await;
    let orders = client(&kit, "orders", &["token-exchange"], &["profiles"]).await;
    let (access, _) = kit.tokens("ann").await;
    (kit, orders, access)
}

#[tokio::test]
async fn rfc8693_a_users_token_is_exchanged_for_one_at_one_service() {
    let (kit, orders, ann) = story().await;
    kit.wait(Duration::from_mins(4));

    let reply = exchange(&kit, &orders, &ann, "&audience=profiles").await.expect(200);

    assert_eq!(reply.header("cache-control"), "no-store");
    let body = reply.json();
    assert_eq!(body["issued_token_type"], ACCESS_TOKEN);
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(360)));
    assert!(body.get("refresh_token").is_none());
    let (said, before) = (claims(body["access_token"].as_str().unwrap()), claims(&ann));
    assert_eq!((&said["aud"], &said["act"]), (&json!(["profiles"]), &json!({ "sub": "orders" })));
    for same in ["sub", "sid", "exp", "auth_time", "amr", "roles", "rev"] {
        assert_eq!(said[same], before[same], "{same}");
    }
}

#[tokio::test]
async fn rfc8693_each_mistake_has_its_code() {
    let (kit, orders, ann) = story().await;
    let other = client(&kit, "other", &["profiles:read"], &["profiles"]).await;
    let jwt_type = "urn:ietf:params:oauth:token-type:jwt";

    refused(exchange(&kit, &other, &ann, "").await, 400, "unauthorized_client");
    refused(exchange(&kit, &orders, &ann, "&audience=payroll").await, 400, "invalid_target");
    refused(exchange(&kit, &orders, &ann, "&audience=profiles&resource=orders").await, 400, "invalid_target");
    refused(exchange(&kit, &orders, &ann, "&scope=profiles:read").await, 400, "invalid_scope");
    refused(exchange(&kit, &orders, "nonsense", "").await, 400, "invalid_request");
    refused(exchange(&kit, &orders, &ann, "&actor_token=x").await, 400, "invalid_request");
    let requested = format!("&requested_token_type={jwt_type}");
    refused(exchange(&kit, &orders, &ann, &requested).await, 400, "invalid_request");
    let no_subject = format!("grant_type={EXCHANGE}&subject_token_type={ACCESS_TOKEN}");
    refused(ask(&kit, &orders, &no_subject).await, 400, "invalid_request");
    let id_token = format!(
        "grant_type={EXCHANGE}&subject_token={ann}&subject_token_type=urn:ietf:params:oauth:token-type:id_token"
    );
    refused(ask(&kit, &orders, &id_token).await, 400, "invalid_request");
}

#[tokio::test]
async fn a_token_of_a_session_that_is_over_is_not_exchanged_and_what_came_of_it_is_over_too() {
    let (kit, orders, ann) = story().await;
    let exchanged = access_token(exchange(&kit, &orders, &ann, "").await);
    assert_eq!(introspected(&kit, &exchanged).await["active"], true);

    kit.post("/auth/sign-out").bearer(&ann).json(&json!({})).send().await;
    kit.app.follow_revocations().await;

    refused(exchange(&kit, &orders, &ann, "").await, 400, "invalid_request");
    assert_eq!(introspected(&kit, &exchanged).await, json!({ "active": false }));
}

#[tokio::test]
async fn a_token_with_old_roles_is_not_exchanged() {
    let (kit, orders, ann) = story().await;
    let user = claims(&ann)["sub"].as_str().unwrap().parse().unwrap();
    let now = kit.rules.clock.now();
    let roles = std::collections::BTreeSet::from(["admin".parse().unwrap()]);
    handstamp_core::flows::users::set_roles(kit.core(), user, roles, None, now).await.unwrap();
    kit.app.follow_revocations().await;

    let reply = exchange(&kit, &orders, &ann, "").await.expect(400);
    assert!(reply.text().contains("token_stale"), "{}", reply.text());
}

#[tokio::test]
async fn an_expired_token_is_not_exchanged() {
    let (kit, orders, ann) = story().await;
    kit.wait(Duration::from_mins(12));

    refused(exchange(&kit, &orders, &ann, "").await, 400, "invalid_request");
}

#[tokio::test]
async fn a_token_is_handed_on_along_the_services_it_is_for_and_names_them_all() {
    let (kit, orders, ann) = story().await;
    let profiles = client(&kit, "profiles", &["token-exchange"], &["ledger"]).await;
    let billing = client(&kit, "billing", &["token-exchange"], &["ledger"]).await;
    let first = access_token(exchange(&kit, &orders, &ann, "").await);

    refused(exchange(&kit, &billing, &first, "").await, 400, "invalid_request");
    let second = access_token(exchange(&kit, &profiles, &first, "").await);

    let chain = json!({ "sub": "profiles", "act": { "sub": "orders" } });
    assert_eq!(claims(&second)["act"], chain);
    assert_eq!(introspected(&kit, &second).await["act"], chain);
}

#[tokio::test]
async fn rfc7009_the_client_gives_back_what_it_got_and_nobody_else_does() {
    let (kit, orders, ann) = story().await;
    let other = client(&kit, "other", &[], &[]).await;
    let exchanged = access_token(exchange(&kit, &orders, &ann, "").await);
    let give_back = async |client: &str| {
        let call = kit.post("/oauth2/revoke").header("authorization", client);
        call.form(&format!("token={exchanged}")).send().await.expect(200);
        kit.app.follow_revocations().await;
    };

    give_back(&other).await;
    assert_eq!(introspected(&kit, &exchanged).await["active"], true);
    give_back(&orders).await;
    assert_eq!(introspected(&kit, &exchanged).await["active"], false);
    kit.get("/auth/whoami").bearer(&ann).send().await.expect(200);
}

#[tokio::test]
async fn an_exchanged_token_opens_no_route_of_the_auth_service() {
    let (kit, orders, ann) = story().await;
    let exchanged = access_token(exchange(&kit, &orders, &ann, "").await);

    kit.get("/auth/whoami").bearer(&exchanged).send().await.refused(401, "token_invalid");
}
