use handstamp_e2e::browser::{Blocked, Fetch};
use http::Method;

use crate::support::{Demo, Reply};

#[tokio::test]
async fn a_route_that_declares_nothing_is_closed_to_everybody() {
    let demo = Demo::start();
    let mut ada = demo.tab_of("ada").await;

    assert_eq!(ada.orders(Method::GET, "/orders/statistics", None).await.code(), (403, "not_declared"));
    demo.running.stderr_with("/orders/statistics");
}

#[tokio::test]
async fn a_page_on_another_port_can_neither_read_nor_order() {
    let demo = Demo::start();
    let mut ada = demo.tab_of("ada").await;
    // Another port of localhost is the same site: the cookies go along, and must not be enough.
    let elsewhere = "http://localhost:9/";

    let read = Fetch::script(elsewhere, Method::GET, &demo.orders("/orders")).with_credentials();
    assert!(matches!(ada.browser.fetch(read).await, Err(Blocked::Reply(_))));

    let order = Fetch::script(elsewhere, Method::POST, &demo.orders("/orders")).with_credentials();
    let order = order.json(r#"{"item":"Lamp"}"#);
    assert!(matches!(ada.browser.fetch(order).await, Err(Blocked::Preflight(_))));
}

#[tokio::test]
async fn a_form_on_another_site_orders_nothing() {
    let demo = Demo::start();
    let mut ada = demo.tab_of("ada").await;
    let form =
        Fetch::navigation("http://localhost:9/", Method::POST, &demo.orders("/orders")).form("item=Lamp");

    let reply = ada.browser.fetch(form).await.expect("a navigation shows what it got");

    assert_eq!(Reply::of(&reply).code(), (403, "csrf_rejected"));
}

#[tokio::test]
async fn a_stranger_is_told_to_bring_credentials() {
    let demo = Demo::start();
    let mut stranger = demo.tab();

    let reply = stranger.orders(Method::GET, "/orders", None).await;

    assert_eq!(reply.code(), (401, "token_missing"));
}

#[tokio::test]
async fn a_token_for_one_service_opens_it_and_a_changed_one_does_not() {
    let demo = Demo::start();
    let token = format!("{}x", "eyJhbGciOiJFUzI1NiJ9.e30.");
    let mut tab = demo.tab();
    let fetch = Fetch::typed(&demo.orders("/orders")).header("authorization", &format!("Bearer {token}"));

    let reply = tab.browser.fetch(fetch).await.expect("a reply");

    assert_eq!(reply.status(), 401);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_the_same_form_as_everything_else() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;
    let url = demo.orders("/orders");
    let mut post = async |body: String| {
        let fetch = Fetch::script(&demo.app(), Method::POST, &url).with_credentials().json(body);
        Reply::of(&ben.browser.fetch(fetch).await.expect("the page may read the reply"))
    };

    assert_eq!(post(String::new()).await.code(), (400, "body_malformed"));
    assert_eq!(post("{".to_owned()).await.code(), (400, "body_malformed"));
    for (body, pointer) in [(r#"{"item":7}"#, "/item"), (r#"{"item":"a","colour":"red"}"#, "/colour")] {
        let reply = post(body.to_owned()).await;
        assert_eq!(reply.code(), (422, "validation_failed"));
        assert_eq!(reply.body["errors"][0]["pointer"], pointer, "{:?}", reply.body);
    }
    assert_eq!(
        post(format!(r#"{{"item":"{}"}}"#, "a".repeat(1 << 20))).await.code(),
        (413, "body_too_large")
    );
}

#[tokio::test]
async fn what_is_not_there_is_told_in_the_same_form_as_everything_else() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;

    assert_eq!(ben.orders(Method::GET, "/nothing", None).await.code(), (404, "not_found"));
    assert_eq!(ben.orders(Method::GET, "/orders/first", None).await.code(), (404, "not_found"));
    assert_eq!(ben.orders(Method::POST, "/orders/1", None).await.code(), (405, "method_not_allowed"));
}
