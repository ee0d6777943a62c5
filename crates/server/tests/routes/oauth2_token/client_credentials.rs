use serde_json::json;

use super::{
    machines::{access_token, ask, assertion, claims, client, introspected, signing_client},
    refused,
};
use crate::support::Kit;

#[tokio::test]
async fn rfc6749_4_4_a_client_gets_a_token_of_its_own_and_no_refresh_token() {
    let kit = Kit::new().await;
    let worker = client(&kit, "worker", &["orders:read", "orders:write"], &["orders", "profiles"]).await;

    let form = "grant_type=client_credentials&scope=orders:read&audience=orders";
    let reply = ask(&kit, &worker, form).await.expect(200);

    assert_eq!(reply.header("cache-control"), "no-store");
    let body = reply.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert_eq!(body["scope"], "orders:read");
    assert!(body.get("refresh_token").is_none() && body.get("issued_token_type").is_none());
    let said = claims(body["access_token"].as_str().unwrap());
    assert_eq!((&said["sub"], &said["client_id"]), (&json!("worker"), &json!("worker")));
    assert_eq!(said["aud"], json!(["orders"]));
}

#[tokio::test]
async fn a_client_may_say_who_it_is_in_the_form() {
    let kit = Kit::new().await;
    let basic = client(&kit, "worker", &[], &["orders"]).await;
    let pair = base64_simd::STANDARD.decode_to_vec(basic.trim_start_matches("Basic ")).unwrap();
    let pair = String::from_utf8(pair).unwrap();
    let secret = pair.split_once(':').unwrap().1;

    let form = format!("grant_type=client_credentials&client_id=worker&client_secret={secret}");
    kit.post("/oauth2/token").form(&form).send().await.expect(200);
    refused(ask(&kit, &basic, &form).await, 400, "invalid_request");
}

#[tokio::test]
async fn rfc7523_a_client_may_prove_who_it_is_by_a_signature_once() {
    let kit = Kit::new().await;
    let key = signing_client(&kit, "worker", &["orders"]).await;
    let form = format!("grant_type=client_credentials&{}", assertion(&kit, "worker", &key));
    let other_replica = kit.another_replica();

    kit.post("/oauth2/token").form(&form).send().await.expect(200);
    refused(other_replica.post("/oauth2/token").form(&form).send().await, 401, "invalid_client");
    let again = format!("grant_type=client_credentials&{}", assertion(&kit, "worker", &key));
    other_replica.post("/oauth2/token").form(&again).send().await.expect(200);
}

#[tokio::test]
async fn rfc7523_an_assertion_of_another_type_or_beside_a_secret_is_refused() {
    let kit = Kit::new().await;
    let key = signing_client(&kit, "worker", &["orders"]).await;
    let basic = client(&kit, "other", &[], &["orders"]).await;
    let proof = assertion(&kit, "worker", &key);

    let form = format!("grant_type=client_credentials&{}", proof.replace("jwt-bearer", "saml2-bearer"));
    refused(kit.post("/oauth2/token").form(&form).send().await, 400, "invalid_request");
    let form = format!("grant_type=client_credentials&{proof}");
    refused(ask(&kit, &basic, &form).await, 400, "invalid_request");
    let form = format!("grant_type=client_credentials&client_id=other&{proof}");
    refused(kit.post("/oauth2/token").form(&form).send().await, 401, "invalid_client");
}

#[tokio::test]
async fn what_a_client_may_not_have_is_refused() {
    let kit = Kit::new().await;
    let worker = client(&kit, "worker", &["orders:read"], &["orders", "profiles"]).await;
    let ask = async |more: &str| ask(&kit, &worker, &format!("grant_type=client_credentials{more}")).await;

    refused(ask("&audience=orders&scope=orders:write").await, 400, "invalid_scope");
    refused(ask("&audience=payroll").await, 400, "invalid_target");
    refused(ask("&resource=orders&resource=payroll").await, 400, "invalid_target");
    refused(ask("").await, 400, "invalid_target");
    refused(ask("&audience=orders&scope=a&scope=b").await, 400, "invalid_request");
}

#[tokio::test]
async fn rfc8707_several_resources_may_be_named() {
    let kit = Kit::new().await;
    let worker = client(&kit, "worker", &[], &["orders", "profiles", "billing"]).await;

    let form = "grant_type=client_credentials&resource=orders&resource=profiles";
    let said = claims(&access_token(ask(&kit, &worker, form).await));
    assert_eq!(said["aud"], json!(["orders", "profiles"]));
}

#[tokio::test]
async fn a_client_that_does_not_prove_who_it_is_gets_nothing() {
    let kit = Kit::new().await;
    client(&kit, "worker", &[], &["orders"]).await;

    let form = "grant_type=client_credentials";
    refused(kit.post("/oauth2/token").form(form).send().await, 401, "invalid_client");
    let wrong = format!("Basic {}", base64_simd::STANDARD.encode_to_string("worker:hcs_wrong"));
    refused(ask(&kit, &wrong, form).await, 401, "invalid_client");
    let first_party = "grant_type=client_credentials&client_id=handstamp";
    refused(kit.post("/oauth2/token").form(first_party).send().await, 401, "invalid_client");
}

#[tokio::test]
async fn rfc7662_a_clients_token_is_described_until_it_is_given_back() {
    let kit = Kit::new().await;
    let worker = client(&kit, "worker", &["orders:read"], &["orders"]).await;
    let token = access_token(ask(&kit, &worker, "grant_type=client_credentials").await);

    let said = introspected(&kit, &token).await;
    assert_eq!((&said["active"], &said["sub"]), (&json!(true), &json!("worker")));
    assert_eq!((&said["scope"], &said["aud"]), (&json!("orders:read"), &json!(["orders"])));
    assert!(said.get("username").is_none() && said.get("roles").is_none());

    let call = kit.post("/oauth2/revoke").header("authorization", worker);
    call.form(&format!("token={token}")).send().await.expect(200);
    kit.app.follow_revocations().await;
    assert_eq!(introspected(&kit, &token).await, json!({ "active": false }));
}

/// None of them is for machines, and no token is issued that names the auth service as its audience.
#[tokio::test]
async fn a_clients_token_opens_no_route_of_the_auth_service() {
    let kit = Kit::new().await;
    let worker = client(&kit, "worker", &[], &["orders"]).await;
    let token = access_token(ask(&kit, &worker, "grant_type=client_credentials").await);

    for path in ["/auth/whoami", "/auth/sessions", "/auth/check"] {
        kit.get(path).bearer(&token).send().await.refused(401, "token_invalid");
    }
}
