//! What has to hold in every language.

use std::time::{Duration, Instant};

use reqwest::Method;

use super::forgeries::Parts;
use super::house::House;
use super::service::{COOKIE, Service};
use crate::support::{PATIENCE, now};

/// What a busy machine may add to a moment that is promised.
const SLACK: Duration = Duration::from_secs(3);

pub(super) async fn good_tokens_open_what_they_should(house: &House, service: &Service) {
    let (ada, ben) = (house.sign_in("ada").await.access, house.sign_in("ben").await.access);
    let (cleo, emil) = (house.sign_in("cleo").await.access, house.sign_in("emil").await.access);

    let orders = service.list(&ben).await;
    orders.expect(200);
    let orders = orders.reply.body["orders"].as_array().expect("orders").clone();
    assert!(!orders.is_empty() && orders.iter().all(|order| order["org_id"] == "acme"), "{orders:?}");
    let by_cookie = service
        .send(Method::GET, "/orders", |request| request.header("cookie", format!("{COOKIE}={ben}")))
        .await;
    by_cookie.expect(200);

    let placed = service.order(|request| request.bearer_auth(&ben)).await;
    placed.expect(201);
    let order = format!("/orders/{}", placed.reply.body["id"]);
    service.send(Method::GET, &order, |request| request.bearer_auth(&cleo)).await.expect(200);
    let refused = service.order(|request| request.bearer_auth(&cleo)).await;
    refused.expect_refusal(403, "role_required", "an order of somebody without the role");
    let foreign = service.send(Method::GET, &order, |request| request.bearer_auth(&emil)).await;
    assert_eq!(foreign.reply.code(), (404, "not_found"), "{foreign:?}");

    let delete =
        async |token: &str| service.send(Method::DELETE, &order, |request| request.bearer_auth(token)).await;
    delete(&ben).await.expect_refusal(403, "role_required", "a deletion by somebody without the role");
    delete(&ada).await.expect(204);
}

pub(super) async fn nobody_else_gets_in(house: &House, service: &Service) {
    let nobody = service.send(Method::GET, "/orders", |request| request).await;
    nobody.expect_refusal(401, "token_missing", "no token");
    let good = house.sign_in("ada").await.access;
    let parts = Parts::of(&good);
    let misfits = &house.misfits;
    until_it_has_expired(&misfits.expired).await;
    // What is signed with the same key and is no access token.
    let list = parts.claims()["status"]["status_list"]["uri"].as_str().expect("a list").to_owned();
    let list = house.document(&list).await;

    for (name, token, code) in [
        ("a good token", good.clone(), ""),
        ("an expired token", misfits.expired.clone(), "token_expired"),
        ("a token for another service", misfits.for_another_service.clone(), "token_invalid"),
        ("a token of another issuer", misfits.of_another_issuer.clone(), "token_invalid"),
        ("a status list", list, "token_invalid"),
        ("a changed token", parts.tampered(), "token_invalid"),
        ("a token without a signature", parts.unsigned(), "token_invalid"),
        ("a token of a foreign key", parts.of_a_foreign_key(), "token_invalid"),
        ("a token of an unknown key", parts.of_an_unknown_key(), "token_invalid"),
        ("a token under a shared secret", parts.of_a_shared_secret(), "token_invalid"),
        ("no token at all", "a.b.c".to_owned(), "token_malformed"),
    ] {
        let answer = service.list(&token).await;
        if code.is_empty() {
            answer.expect(200);
        } else {
            answer.expect_refusal(401, code, name);
        }
    }
}

/// It lives for a second, and a fast machine is here before that.
async fn until_it_has_expired(token: &str) {
    let expires_at = Parts::of(token).claims()["exp"].as_i64().expect("a time");
    while now() <= expires_at {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(super) async fn another_site_orders_nothing(house: &House, service: &Service) {
    let cookie = format!("{COOKIE}={}", house.sign_in("ben").await.access);
    let order = async |headers: &[(&str, &str)]| {
        service
            .order(|request| {
                headers.iter().fold(request.header("cookie", &cookie), |request, (name, value)| {
                    request.header(*name, *value)
                })
            })
            .await
    };

    order(&[("sec-fetch-site", "same-origin")]).await.expect(201);
    order(&[("x-handstamp", "1")]).await.expect(201);
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("x-handstamp", "1")],
        &[("origin", "https://evil.example"), ("x-handstamp", "1")],
    ] {
        order(headers).await.expect_refusal(403, "csrf_rejected", &format!("{headers:?}"));
    }
}

pub(super) async fn a_signed_out_session_is_over(house: &House, service: &Service) {
    let (leaves, stays) = (house.sign_in("ben").await, house.sign_in("ben").await);
    service.list(&leaves.access).await.expect(200);

    house.sign_out(&leaves).await;
    let (refused, after) = service.list_while(&leaves.access, 200).await;

    tell(service, "refused", after, "the sign-out");
    refused.expect_refusal(401, "token_revoked", "a session that is over");
    assert!(after < service.language.notices_within(), "{:?} noticed after {after:?}", service.language);
    service.list(&stays.access).await.expect(200);
}

pub(super) async fn changed_roles_make_a_token_stale(house: &House, service: &Service) {
    let before = house.sign_in("cleo").await;
    service.list(&before.access).await.expect(200);

    house.run(&["user", "set-roles", "cleo", "buyer", "--json"]);
    let (refused, after) = service.list_while(&before.access, 200).await;

    tell(service, "refused", after, "the roles were changed");
    refused.expect_refusal(401, "token_stale", "a token of before the roles were changed");
    let token = house.refresh(&before).await.access;
    service.order(|request| request.bearer_auth(&token)).await.expect(201);
}

/// Twice: the first new key was published before the service asked for the keys, the second one after that.
pub(super) async fn keys_are_followed(house: &House, service: &Service) {
    let kid = |token: &str| Parts::of(token).header()["kid"].clone();
    let before = house.sign_in("ben").await.access;
    let mut signed_by = kid(&before);
    for _ in 0..2 {
        house.run(&["key", "rotate", "--json"]);
        let deadline = Instant::now() + PATIENCE;
        let token = loop {
            let token = house.sign_in("ben").await.access;
            if kid(&token) != signed_by {
                break token;
            }
            assert!(Instant::now() < deadline, "the key never takes over");
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        signed_by = kid(&token);
        // Keys that nobody knows are asked for once in five seconds, and the forgeries above have named one.
        let (answer, after) = service.list_while(&token, 401).await;
        answer.expect(200);
        assert!(
            after < Duration::from_secs(5) + SLACK,
            "{:?} took the new key after {after:?}",
            service.language
        );
        service.list(&before).await.expect(200);
    }
}

pub(super) async fn a_service_that_hears_nothing_closes_and_opens_again(house: House, service: &Service) {
    let tokens = house.sign_in("ben").await;
    service.list(&tokens.access).await.expect(200);
    let bound = service.language.closes_within();

    let back = house.kill();
    service.list(&tokens.access).await.expect(200);
    let (closed, after) = service.list_while(&tokens.access, 200).await;

    tell(service, "closed", after, "the auth service was gone");
    closed.expect_refusal(503, "unavailable", "nothing is known of what was revoked");
    assert!(after < bound + SLACK, "{:?} goes on for {after:?} without news", service.language);

    let house = back();
    let (open, after) = service.list_while(&tokens.access, 503).await;

    tell(service, "opened", after, "the auth service was back");
    open.expect(200);
    house.sign_out(&tokens).await;
    service.list_while(&tokens.access, 200).await.0.expect_refusal(
        401,
        "token_revoked",
        "a sign-out after the outage",
    );
}

#[expect(clippy::print_stdout, reason = "with --nocapture a run says what it measured")]
fn tell(service: &Service, did: &str, after: Duration, what: &str) {
    println!("{:?} {did} {after:.0?} after {what}", service.language);
}
