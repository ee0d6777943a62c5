use handstamp_e2e::browser::Fetch;
use http::Method;
use serde_json::Value;

use crate::support::{Demo, Reply, Tab};

/// The beginning of every PNG file, and what comes first to a program that takes bytes for text.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\xff--b";

/// Writes a form as a browser does: an item and a file.
fn form(item: &str, media_type: &str, file: &[u8]) -> Vec<u8> {
    let head = format!(
        "--b\r\nContent-Disposition: form-data; name=\"item\"\r\n\r\n{item}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"deliver_to\"\r\n\r\nRoom 12\r\nleft\r\n\
         --b\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"plan.png\"\r\n\
         Content-Type: {media_type}\r\n\r\n"
    );
    [head.as_bytes(), file, b"\r\n--b--\r\n"].concat()
}

fn order(tab: &Tab<'_>, form: Vec<u8>) -> Fetch {
    let url = tab.demo.orders("/orders");
    let fetch = Fetch::script(&tab.page, Method::POST, &url).with_credentials().form(form);
    fetch.header("content-type", "multipart/form-data; boundary=b")
}

async fn send(tab: &mut Tab<'_>, fetch: Fetch) -> Reply {
    Reply::of(&tab.browser.fetch(fetch).await.expect("the page may read the reply"))
}

async fn count(tab: &mut Tab<'_>) -> usize {
    tab.orders(Method::GET, "/orders", None).await.body["orders"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_sent() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;

    let order = order(&ben, form("Shelf", "image/png", PNG));
    let placed = send(&mut ben, order).await;

    assert_eq!(placed.status, 201, "{placed:?}");
    assert_eq!(placed.body["deliver_to"], "Room 12\nleft");
    assert_eq!(placed.body["attachment"]["name"], "plan.png");
    assert_eq!(placed.body["attachment"]["size"], PNG.len());
    let path = format!("/orders/{}/attachment", placed.body["id"]);
    let get = Fetch::script(&demo.app(), Method::GET, &demo.orders(&path)).with_credentials();
    let reply = ben.browser.fetch(get).await.expect("the page may read the reply");
    assert_eq!(&reply.body()[..], PNG);
    assert_eq!(reply.headers()["content-type"], "image/png");
    assert_eq!(reply.headers()["x-content-type-options"], "nosniff");
    // It is as private as the order.
    assert_eq!(demo.tab_of("dora").await.orders(Method::GET, &path, None).await.code(), (404, "not_found"));
}

#[tokio::test]
async fn an_order_without_a_file_has_none() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;

    assert_eq!(ben.orders(Method::GET, "/orders/1/attachment", None).await.code(), (404, "not_found"));
}

#[tokio::test]
async fn a_file_that_is_too_large_or_of_a_wrong_kind_leaves_nothing_behind() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;
    let before = count(&mut ben).await;

    for (media_type, size, refusal) in [
        ("image/png", (1 << 20) + 1, (422, "validation_failed")),
        ("image/png", 3 << 20, (413, "body_too_large")),
        ("text/html", 10, (422, "validation_failed")),
        ("image/svg+xml", 10, (422, "validation_failed")),
    ] {
        let order = order(&ben, form("Shelf", media_type, &vec![b'a'; size]));

        assert_eq!(send(&mut ben, order).await.code(), refusal, "{media_type}, {size} bytes");
    }
    assert_eq!(count(&mut ben).await, before);
}

#[tokio::test]
async fn the_largest_file_that_is_promised_is_taken() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;

    let order = order(&ben, form("Shelf", "image/png", &vec![b'a'; 1 << 20]));

    assert_eq!(send(&mut ben, order).await.status, 201);
}

#[tokio::test]
async fn a_request_that_is_sent_again_orders_once() {
    let demo = Demo::start();
    let mut ben = demo.tab_of("ben").await;
    let before = count(&mut ben).await;
    let request =
        |tab: &Tab<'_>, item| order(tab, form(item, "image/png", PNG)).header("idempotency-key", "\"one\"");

    let first = request(&ben, "Shelf");
    let placed = send(&mut ben, first).await;
    let second = request(&ben, "Shelf");
    let again = send(&mut ben, second).await;

    assert_eq!((placed.status, again.status), (201, 201));
    assert_eq!(placed.body, again.body);
    assert_eq!(count(&mut ben).await, before + 1);
    // Another order under the same key is a mistake, and told.
    let other = request(&ben, "Table");
    assert_eq!(send(&mut ben, other).await.code(), (422, "validation_failed"));
    // Somebody else's key of the same name is another one.
    let mut ada = demo.tab_of("ada").await;
    let theirs = request(&ada, "Table");
    assert_eq!(send(&mut ada, theirs).await.status, 201);
}

#[tokio::test]
async fn a_form_with_a_file_on_another_site_orders_nothing() {
    let demo = Demo::start();
    let mut ada = demo.tab_of("ada").await;
    // No preflight is asked for this type: the browser sends it, cookies and all, and the service has to refuse.
    let elsewhere = Fetch::navigation("http://localhost:9/", Method::POST, &demo.orders("/orders"))
        .form(form("Shelf", "image/png", PNG))
        .header("content-type", "multipart/form-data; boundary=b");

    let reply = ada.browser.fetch(elsewhere).await.expect("a navigation shows what it got");

    assert_eq!(Reply::of(&reply).code(), (403, "csrf_rejected"));
    assert!(Reply::of(&reply).body["id"] == Value::Null);
}
