use std::time::Duration;

use handstamp_core::{
    flows::{organizations, profiles, users},
    model::{Profile, User},
};
use http::Method;
use serde_json::json;

use super::oauth2_token::machines::{access_token, ask, client, exchange};
use crate::support::{AUTH, Kit, Reply, own};

const NAME: &str = r#"{"name":"Ann Onymous","desk":{"floor":4}}"#;

/// Returns the token of a service that may read profiles.
async fn reader(kit: &Kit) -> String {
    with_scope(kit, "orders", "profiles.read").await
}

async fn with_scope(kit: &Kit, id: &str, scope: &str) -> String {
    let audience = format!("{AUTH}/profiles");
    let client = client(kit, id, &[scope], &[&audience]).await;
    access_token(ask(kit, &client, "grant_type=client_credentials").await)
}

async fn set(kit: &Kit, user: &User, json: &str) {
    let profile: Profile = json.parse().unwrap();
    profiles::set(kit.core(), user.id, profile, None, kit.rules.clock.now()).await.unwrap();
}

async fn read(kit: &Kit, token: &str, sub: impl ToString) -> Reply {
    kit.get(&format!("/profiles/{}", sub.to_string())).bearer(token).send().await
}

#[tokio::test]
async fn a_service_reads_all_that_is_known_of_a_user() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let (acme, now) = ("acme".parse().unwrap(), kit.rules.clock.now());
    organizations::add(kit.core(), acme, Some("Acme Ltd".to_owned()), None, now).await.unwrap();
    users::set_org(kit.core(), ann.id, Some("acme".parse().unwrap()), None, now).await.unwrap();
    set(&kit, &ann, NAME).await;
    let service = reader(&kit).await;

    let reply = read(&kit, &service, ann.id).await.expect(200);

    assert_eq!(
        reply.json(),
        json!({
            "sub": ann.id.to_string(),
            "preferred_username": "ann",
            "email": ann.email.as_ref().unwrap().as_str(),
            "org_id": "acme",
            "org_name": "Acme Ltd",
            "roles": ["buyer"],
            "active": true,
            "profile": { "desk": { "floor": 4 }, "name": "Ann Onymous" },
        })
    );
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("cache-control"), "private, no-cache");
    assert_eq!(reply.header("vary"), "authorization, cookie");
    assert_eq!(reply.header("handstamp-keep"), "600");
}

#[tokio::test]
async fn of_somebody_without_a_profile_there_is_what_the_account_says() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let service = reader(&kit).await;

    let body = read(&kit, &service, ann.id).await.expect(200).json();

    assert_eq!((&body["profile"], &body["org_id"]), (&json!({}), &json!(null)));
    assert!(body.get("org_name").is_none());
}

#[tokio::test]
async fn rfc9110_an_answer_that_is_there_already_is_not_sent_again() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let service = reader(&kit).await;
    let first = read(&kit, &service, ann.id).await.expect(200);
    let again = async |tag: &str| {
        let call = kit.get(&format!("/profiles/{}", ann.id)).bearer(&service);
        call.header("if-none-match", tag).send().await
    };
    let tag = first.header("etag").to_owned();

    // What happens elsewhere moves the log, and with it as of when the answer holds.
    let (bobs, _) = {
        kit.user("bob").await;
        kit.tokens("bob").await
    };
    kit.post("/auth/sign-out").bearer(&bobs).send().await.expect(200);
    for tag in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
        let reply = again(&tag).await.expect(304);
        assert!(reply.0.body().is_empty());
        assert_eq!(reply.header("etag"), first.header("etag"));
        assert_ne!(reply.header("handstamp-rev"), first.header("handstamp-rev"));
        assert_eq!(reply.header("handstamp-keep"), "600");
        assert_eq!(reply.header("cache-control"), "private, no-cache");
    }

    set(&kit, &ann, NAME).await;
    let changed = again(&tag).await.expect(200);
    assert_ne!(changed.header("etag"), tag);
}

#[tokio::test]
async fn people_read_their_own_profile_and_nobody_elses() {
    let (kit, mut browser) = Kit::with_ann().await;
    let (ann, _) = kit.tokens("ann").await;
    let bob = kit.user("bob").await;
    let whoami = kit.get("/auth/whoami").bearer(&ann).send().await.expect(200).json();
    let sub = whoami["sub"].as_str().unwrap();

    let own_one = read(&kit, &ann, sub).await.expect(200);
    assert_eq!(own_one.header("cache-control"), "no-store");
    let by_cookie = browser.fetch(own(Method::GET, &format!("/profiles/{sub}"))).await.unwrap();
    assert_eq!(by_cookie.body(), own_one.0.body());

    read(&kit, &ann, bob.id).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_service_on_behalf_of_somebody_reads_theirs_and_nobody_elses() {
    let kit = Kit::new().await;
    let (ann, bob) = (kit.user("ann").await, kit.user("bob").await);
    let (users_token, _) = kit.tokens("ann").await;
    let audience = format!("{AUTH}/profiles");
    let service = client(&kit, "orders", &["token-exchange"], &[&audience]).await;
    let token = access_token(exchange(&kit, &service, &users_token, &format!("&audience={audience}")).await);

    read(&kit, &token, ann.id).await.expect(200);
    read(&kit, &token, bob.id).await.refused(404, "not_found");
    kit.get("/auth/whoami").bearer(&token).send().await.refused(401, "token_invalid");
}

#[tokio::test]
async fn nobody_reads_without_a_token_that_is_good_and_for_this() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let service = reader(&kit).await;
    let elsewhere = client(&kit, "elsewhere", &["profiles.read"], &["orders"]).await;
    let elsewhere = access_token(ask(&kit, &elsewhere, "grant_type=client_credentials").await);
    let path = format!("/profiles/{}", ann.id);

    kit.get(&path).send().await.refused(401, "token_missing");
    read(&kit, &elsewhere, ann.id).await.refused(401, "token_invalid");
    let other = with_scope(&kit, "other", "orders.read").await;
    let refused = read(&kit, &other, ann.id).await.refused(403, "scope_required");
    assert!(refused.header("www-authenticate").contains("insufficient_scope"));
    kit.wait(Duration::from_hours(1));
    read(&kit, &service, ann.id).await.refused(401, "token_expired");
}

#[tokio::test]
async fn a_token_for_profiles_opens_nothing_else() {
    let kit = Kit::new().await;
    let service = reader(&kit).await;

    for path in ["/auth/whoami", "/auth/sessions", "/auth/check"] {
        kit.get(path).bearer(&service).send().await.refused(401, "token_invalid");
    }
}

#[tokio::test]
async fn the_token_of_a_removed_client_reads_nothing_any_more() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let service = reader(&kit).await;
    read(&kit, &service, ann.id).await.expect(200);

    let (orders, now) = ("orders".parse().unwrap(), kit.rules.clock.now());
    handstamp_core::flows::clients::remove(kit.core(), &orders, None, now).await.unwrap();

    read(&kit, &service, ann.id).await.refused(401, "token_revoked");
}

#[tokio::test]
async fn who_is_not_there_is_not_found() {
    let kit = Kit::new().await;
    let service = reader(&kit).await;

    for sub in ["00000000-0000-0000-0000-000000000000", "ann", "..", "%2e%2e", "x%2Fy", &"x".repeat(4000)] {
        read(&kit, &service, sub).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn somebody_who_is_disabled_is_said_to_be() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let service = reader(&kit).await;
    users::disable(kit.core(), ann.id, None, kit.rules.clock.now()).await.unwrap();

    assert_eq!(read(&kit, &service, ann.id).await.expect(200).json()["active"], false);
}

#[tokio::test]
async fn a_changed_profile_costs_its_owner_no_refresh() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    set(&kit, &ann, NAME).await;

    kit.get("/auth/whoami").bearer(&token).send().await.expect(200);
}

#[tokio::test]
async fn while_the_store_is_away_the_answer_says_when_to_come_back() {
    let kit = Kit::new().await;
    let ann = kit.user("ann").await;
    let service = reader(&kit).await;
    kit.store.set_away(true);

    let reply = read(&kit, &service, ann.id).await.refused(503, "unavailable");

    assert_eq!(reply.header("retry-after"), "2");
}

#[tokio::test]
async fn the_metadata_says_where_profiles_are() {
    let kit = Kit::new().await;

    let metadata = kit.get("/.well-known/oauth-authorization-server").send().await.expect(200).json();

    assert_eq!(metadata["handstamp_profiles_uri"], format!("{AUTH}/profiles"));
}
