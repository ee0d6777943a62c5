use http::Method;
use serde_json::json;

use crate::support::Demo;

#[tokio::test]
async fn an_order_of_another_organisation_is_not_there() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;
    let mut emil = demo.tab_of("emil").await;

    assert_eq!(ben.orders(Method::GET, "/orders/1", None).await.status, 200);
    assert_eq!(emil.orders(Method::GET, "/orders/1", None).await.code(), (404, "not_found"));
    assert_eq!(ben.orders(Method::GET, "/orders/4", None).await.code(), (404, "not_found"));
    assert_eq!(emil.orders(Method::GET, "/orders/4", None).await.status, 200);
}

#[tokio::test]
async fn an_administrator_deletes_in_their_own_organisation_alone() {
    let demo = Demo::start();
    let mut dora = demo.tab_of("dora").await;
    let mut ada = demo.tab_of("ada").await;

    assert_eq!(dora.orders(Method::DELETE, "/orders/1", None).await.code(), (404, "not_found"));
    assert_eq!(ada.orders(Method::DELETE, "/orders/1", None).await.status, 204);
    assert_eq!(ada.orders(Method::GET, "/orders/1", None).await.code(), (404, "not_found"));
}

#[tokio::test]
async fn roles_decide_who_orders_and_who_deletes() {
    let demo = Demo::start();
    let lamp = json!({ "item": "Reading lamp", "quantity": 2 });
    let mut cleo = demo.tab_of("cleo").await;
    let mut ben = demo.tab_of("ben").await;

    assert_eq!(cleo.orders(Method::GET, "/orders", None).await.status, 200);
    assert_eq!(cleo.orders(Method::POST, "/orders", Some(&lamp)).await.code(), (403, "role_required"));

    let ordered = ben.orders(Method::POST, "/orders", Some(&lamp)).await;
    assert_eq!((ordered.status, &ordered.body["org_id"]), (201, &json!("acme")), "{ordered:?}");
    let path = format!("/orders/{}", ordered.body["id"]);
    assert_eq!(ben.orders(Method::DELETE, &path, None).await.code(), (403, "role_required"));
    assert_eq!(cleo.orders(Method::GET, &path, None).await.body["item"], "Reading lamp");
}

#[tokio::test]
async fn an_order_goes_to_the_organisation_of_the_token_whatever_the_body_says() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;

    let smuggled = json!({ "item": "Reading lamp", "org_id": "globex" });
    let reply = ben.orders(Method::POST, "/orders", Some(&smuggled)).await;

    assert_eq!(reply.code(), (422, "validation_failed"));
}
