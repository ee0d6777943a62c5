use std::time::Duration;

use serde_json::{Value, json};

use super::{
    exchange::OPEN,
    world::{World, ann},
};
use crate::{
    routes::oauth2_token::{
        machines::{access_token, claims, client, exchange},
        refused,
    },
    support::{AUTH, Wrong},
};

const WANTED: &str = "&subject_issuer=corp&audience=profiles";

/// A service that takes tokens of the old application, one of Ann's, and the `Authorization` of the orders service.
async fn story() -> (World, String, String) {
    let world = World::with(OPEN).await;
    let token = world.upstream.session_token("old-app", &ann());
    let orders = client(&world.kit, "orders", &["token-exchange"], &["profiles"]).await;
    (world, token, orders)
}

async fn exchanged(world: &World, orders: &str, token: &str) -> Value {
    claims(&access_token(exchange(&world.kit, orders, token, WANTED).await))
}

#[tokio::test]
async fn rfc8693_a_service_exchanges_a_token_of_the_old_application_for_one_at_one_service() {
    let (world, token, orders) = story().await;

    let said = exchanged(&world, &orders, &token).await;

    assert_eq!((&said["aud"], &said["act"]), (&json!(["profiles"]), &json!({ "sub": "orders" })));
    assert_eq!((&said["client_id"], &said["iss"]), (&json!("orders"), &json!(AUTH)));
    assert_eq!(said["preferred_username"], "ann");
}

/// A service that asks for every request of its own must not fill the list of sessions.
#[tokio::test]
async fn the_same_token_of_the_same_client_is_the_same_session() {
    let (world, token, orders) = story().await;
    let billing = client(&world.kit, "billing", &["token-exchange"], &["profiles"]).await;
    let first = exchanged(&world, &orders, &token).await;

    world.kit.wait(Duration::from_hours(1));
    assert_eq!(exchanged(&world, &orders, &token).await["sid"], first["sid"]);
    assert_ne!(exchanged(&world, &billing, &token).await["sid"], first["sid"]);
    let other = world.upstream.session_token("old-app", &ann());
    assert_ne!(exchanged(&world, &orders, &other).await["sid"], first["sid"]);
}

#[tokio::test]
async fn each_time_the_upstream_says_whether_it_is_good_and_what_holds() {
    let lines =
        format!("{OPEN}claims = {{ roles = \"groups\" }}\n[upstreams.corp.roles]\nstaff = [\"buyer\"]\n");
    let world = World::with(&lines).await;
    let orders = client(&world.kit, "orders", &["token-exchange"], &["profiles"]).await;
    let mut person = ann();
    person["groups"] = json!(["staff"]);
    let token = world.upstream.session_token("old-app", &person);
    let first = exchanged(&world, &orders, &token).await;
    assert_eq!(first["roles"], json!(["buyer"]));

    person["groups"] = json!([]);
    world.upstream.says_of(&token, &person);
    world.kit.wait(Duration::from_secs(10));
    let second = exchanged(&world, &orders, &token).await;
    assert_eq!((&second["sid"], &second["roles"]), (&first["sid"], &json!([])));

    world.upstream.takes_back(&token);
    world.kit.wait(Duration::from_secs(10));
    refused(exchange(&world.kit, &orders, &token, WANTED).await, 400, "invalid_request");
}

#[tokio::test]
async fn a_session_that_is_over_is_not_gone_on_with() {
    let (world, token, orders) = story().await;
    let first = exchanged(&world, &orders, &token).await;
    let logout = world.upstream.logout_token(json!({ "sid": null, "sub": "there-ann" }));
    let form = format!("logout_token={logout}");
    world.kit.post("/auth/backchannel-logout/corp").form(&form).send().await.expect(200);

    let second = exchanged(&world, &orders, &token).await;

    assert_ne!(second["sid"], first["sid"]);
}

#[tokio::test]
async fn a_wish_that_would_be_refused_asks_nobody_and_begins_nothing() {
    let (world, token, orders) = story().await;
    let other = client(&world.kit, "other", &["profiles:read"], &["profiles"]).await;

    refused(exchange(&world.kit, &other, &token, WANTED).await, 400, "unauthorized_client");
    let elsewhere = "&subject_issuer=corp&audience=payroll";
    refused(exchange(&world.kit, &orders, &token, elsewhere).await, 400, "invalid_target");
    let scoped = format!("{WANTED}&scope=profiles:read");
    refused(exchange(&world.kit, &orders, &token, &scoped).await, 400, "invalid_scope");

    assert_eq!(world.upstream.asked("/introspect"), 0);
}

#[tokio::test]
async fn what_is_wrong_with_the_token_is_an_invalid_request() {
    let (world, token, orders) = story().await;
    let quiz = world.upstream.session_token("quiz", &ann());

    refused(exchange(&world.kit, &orders, "nobodys", WANTED).await, 400, "invalid_request");
    refused(exchange(&world.kit, &orders, &quiz, WANTED).await, 400, "invalid_request");
    // Without the issuer it would have to be one of ours, and with another name one of nobody's.
    refused(exchange(&world.kit, &orders, &token, "&audience=profiles").await, 400, "invalid_request");
    let elsewhere = "&subject_issuer=other&audience=profiles";
    refused(exchange(&world.kit, &orders, &token, elsewhere).await, 400, "invalid_request");
}

#[tokio::test]
async fn unless_somebody_switches_it_on_no_service_exchanges_anything() {
    let world = World::new().await;
    let orders = client(&world.kit, "orders", &["token-exchange"], &["profiles"]).await;
    let token = world.upstream.session_token("handstamp", &ann());

    refused(exchange(&world.kit, &orders, &token, WANTED).await, 400, "invalid_request");

    assert_eq!(world.upstream.asked("/introspect"), 0);
}

#[tokio::test]
async fn an_upstream_that_is_away_is_tried_again_later() {
    let (world, token, orders) = story().await;
    let away = ("/introspect", crate::support::Answer::Status(502));
    world.upstream.wrong(Wrong { answer: Some(away), ..Wrong::default() });

    exchange(&world.kit, &orders, &token, WANTED).await.refused(503, "unavailable");
}

#[tokio::test]
async fn a_token_of_ours_may_say_that_it_is_ours() {
    let (world, _, orders) = story().await;
    world.kit.user("bob").await;
    let (bob, _) = world.kit.tokens("bob").await;

    let wanted = format!("&subject_issuer={AUTH}&audience=profiles");
    let said = claims(&access_token(exchange(&world.kit, &orders, &bob, &wanted).await));

    assert_eq!(said["preferred_username"], "bob");
}

/// A service passes on what its users send: one of them must not be able to lock out the others.
#[tokio::test]
async fn bad_tokens_that_a_client_brings_count_against_nobody_at_its_address() {
    let world = World::served("[rate_limits]\naddress_attempts = 2\n", OPEN).await;
    let orders = client(&world.kit, "orders", &["token-exchange"], &["profiles"]).await;

    for number in 0..5 {
        let made_up = format!("made-up-{number}");
        refused(exchange(&world.kit, &orders, &made_up, WANTED).await, 400, "invalid_request");
    }

    let token = world.upstream.session_token("old-app", &ann());
    assert_eq!(exchanged(&world, &orders, &token).await["preferred_username"], "ann");
    // Whoever has not proved anything is counted.
    let path = "/auth/exchange/corp";
    let guess = async |number: u8| {
        world.kit.post(path).bearer(&format!("guess-{number}")).ours().send().await.status()
    };
    assert_eq!((guess(1).await, guess(2).await, guess(3).await), (401, 401, 429));
}
