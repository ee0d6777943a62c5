use http::Method;
use serde_json::json;

use crate::support::Demo;

#[tokio::test]
async fn a_person_signs_in_once_and_both_services_know_who_they_are() {
    let demo = Demo::start();
    let mut ada = demo.tab_of("ada").await;

    let whoami = ada.auth(Method::GET, "/auth/whoami", None).await;
    assert_eq!(whoami.body["preferred_username"], "ada");
    assert_eq!(whoami.body["org_id"], "acme");

    let orders = ada.orders(Method::GET, "/orders", None).await;
    assert_eq!(orders.status, 200);
    let list = orders.body["orders"].as_array().expect("a list");
    assert_eq!(list.len(), 3);
    assert!(list.iter().all(|order| order["org_id"] == "acme"), "{list:?}");
    // The name is the profiles service's knowledge: orders asked it on ada's behalf, with her cookie as a bearer token.
    assert!(list.iter().any(|order| order["buyer_name"] == "Ada Okafor"), "{list:?}");

    assert_eq!(ada.browser.dropped, [], "the browser took every cookie");
}

#[tokio::test]
async fn no_script_can_read_a_token() {
    let demo = Demo::start();

    let ada = demo.tab_of("ada").await;

    let readable = ada.browser.document_cookie(&demo.app());
    assert!(readable.starts_with("auth_hint"), "{readable}");
    assert!(!readable.contains("hsr_") && !readable.contains("eyJ"), "{readable}");
}

#[tokio::test]
async fn a_refresh_goes_on_without_signing_in_again() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;
    let before = ben.auth(Method::GET, "/auth/whoami", None).await;

    let refreshed = ben.auth(Method::POST, "/auth/refresh", None).await;

    assert_eq!(refreshed.status, 200);
    assert_eq!(refreshed.body["sid"], before.body["sid"]);
    assert_eq!(refreshed.body["auth_time"], before.body["auth_time"]);
    assert_eq!(ben.orders(Method::GET, "/orders", None).await.status, 200);
}

#[tokio::test]
async fn a_page_that_starts_again_is_still_signed_in() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;

    let session = ben.auth(Method::POST, "/auth/session", None).await;

    assert_eq!((session.status, &session.body["preferred_username"]), (200, &json!("ben")));
}

#[tokio::test]
async fn after_sign_out_nobody_is_there() {
    let demo = Demo::start();
    let mut ada = demo.tab_of("ada").await;

    let out = ada.auth(Method::POST, "/auth/sign-out", Some(&json!({ "scope": "session" }))).await;

    assert_eq!(out.status, 200, "{out:?}");
    assert_eq!(ada.orders(Method::GET, "/orders", None).await.code(), (401, "token_missing"));
    assert_eq!(ada.auth(Method::POST, "/auth/session", None).await.status, 401);
}

#[tokio::test]
async fn signing_out_everywhere_ends_the_other_device() {
    let demo = Demo::start();
    let (mut laptop, mut phone) = (demo.tab_of("dora").await, demo.tab_of("dora").await);

    laptop.auth(Method::POST, "/auth/sign-out", Some(&json!({ "scope": "everywhere" }))).await;

    assert_eq!(phone.auth(Method::POST, "/auth/refresh", None).await.code(), (401, "session_ended"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_read_the_same() {
    let demo = Demo::start();
    let mut tab = demo.tab();

    let wrong = tab
        .auth(Method::POST, "/auth/sign-in", Some(&json!({ "login": "ada", "password": "not the password" })))
        .await;
    let unknown = tab
        .auth(Method::POST, "/auth/sign-in", Some(&json!({ "login": "eve", "password": "not the password" })))
        .await;

    assert_eq!(wrong.code(), (401, "invalid_credentials"));
    assert_eq!(unknown.code(), (401, "invalid_credentials"));
    assert_eq!(wrong.body["detail"], unknown.body["detail"]);
}
