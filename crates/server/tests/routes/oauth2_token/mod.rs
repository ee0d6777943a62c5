mod client_credentials;
mod exchange;
pub(crate) mod machines;

use std::time::Duration;

use crate::support::{Kit, Reply};

#[track_caller]
pub(crate) fn refused(reply: Reply, status: u16, error: &str) {
    let reply = reply.expect(status);
    assert_eq!(reply.json()["error"], error, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("content-type"), "application/json");
}

#[tokio::test]
async fn rfc6749_a_refresh_token_is_exchanged() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (_, refresh) = kit.tokens("ann").await;
    kit.wait(Duration::from_mins(9));

    let form = format!("grant_type=refresh_token&client_id=handstamp&refresh_token={refresh}");
    let reply = kit.post("/oauth2/token").form(&form).send().await.expect(200);

    let body = reply.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&"Bearer".into(), &600.into()));
    assert_eq!(reply.header("cache-control"), "no-store");
    kit.get("/auth/whoami").bearer(body["access_token"].as_str().unwrap()).send().await.expect(200);
}

/// RFC 9700 §2.4: no password grant.
#[tokio::test]
async fn rfc9700_there_is_no_password_grant() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    for grant in ["password", "authorization_code", "nonsense"] {
        let form = format!("grant_type={grant}&client_id=handstamp&username=ann&password=x");
        refused(kit.post("/oauth2/token").form(&form).send().await, 400, "unsupported_grant_type");
    }
}

#[tokio::test]
async fn rfc6749_5_2_each_mistake_has_its_code() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (_, refresh) = kit.tokens("ann").await;
    let ask = async |form: String| kit.post("/oauth2/token").form(&form).send().await;

    refused(ask(String::new()).await, 400, "invalid_request");
    refused(ask("grant_type=refresh_token".to_owned()).await, 400, "invalid_request");
    refused(ask("grant_type=refresh_token&client_id=handstamp".to_owned()).await, 400, "invalid_request");
    let twice = "grant_type=refresh_token&grant_type=refresh_token&client_id=handstamp&refresh_token=x";
    refused(ask(twice.to_owned()).await, 400, "invalid_request");
    let bad = "grant_type=refresh_token&client_id=handstamp&refresh_token=hsr_x";
    refused(ask(bad.to_owned()).await, 400, "invalid_grant");
    let other = format!("grant_type=refresh_token&client_id=other&refresh_token={refresh}");
    refused(ask(other).await, 401, "invalid_client");
    let json = kit.post("/oauth2/token").json(&serde_json::json!({ "grant_type": "refresh_token" }));
    refused(json.send().await, 400, "invalid_request");
}

#[tokio::test]
async fn a_store_that_is_away_is_503() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (_, refresh) = kit.tokens("ann").await;
    kit.store.set_away(true);

    let form = format!("grant_type=refresh_token&client_id=handstamp&refresh_token={refresh}");

    kit.post("/oauth2/token").form(&form).send().await.refused(503, "unavailable");
}
