use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Demo, PATIENCE};

/// The watch looks every 50 ms and the feed takes less than 100; the rest is for a machine that runs everything else too.
/// A token lives five minutes: it is not its expiry that ends a stream this soon.
const SOON: Duration = Duration::from_secs(3);

/// An open stream of `GET /orders/events`.
struct Stream {
    reply: reqwest::Response,
    heard: String,
}

impl Stream {
    async fn open(demo: &Demo, token: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let request = client.get(demo.orders("/orders/events")).bearer_auth(token);
        let reply = request.send().await.expect("a reply");
        assert_eq!(reply.status().as_u16(), 200);
        assert_eq!(reply.headers()["content-type"], "text/event-stream");
        Self { reply, heard: String::new() }
    }

    /// Returns the next event's name and data; nothing once the stream has ended.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.heard.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.heard = rest;
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
                // What has no data is there to keep the line open.
                let Some(data) = field("data:") else { continue };
                let data = serde_json::from_str(data).expect("data is JSON");
                return Some((field("event:").unwrap_or_default().to_owned(), data));
            }
            let chunk = timeout(PATIENCE, self.reply.chunk()).await.expect("news in time");
            self.heard.push_str(std::str::from_utf8(&chunk.expect("the stream can be read")?).expect("text"));
        }
    }
}

/// Signs somebody in as a client without a browser, and returns the access token.
async fn token_of(demo: &Demo, username: &str) -> String {
    let person = demo.person(username);
    let sign_in = json!({ "login": username, "password": person["password"], "delivery": "body" });
    let reply = demo.tab().auth(Method::POST, "/auth/sign-in", Some(&sign_in)).await;
    reply.body["access_token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn what_is_ordered_and_deleted_appears_in_the_live_view_of_the_organisation() {
    let demo = Demo::start();
    let mut view = Stream::open(&demo, &token_of(&demo, "cleo").await).await;
    let mut ada = demo.tab_of("ada").await;

    let lamp = json!({ "item": "Reading lamp", "quantity": 2 });
    let id = ada.orders(Method::POST, "/orders", Some(&lamp)).await.body["id"].clone();
    ada.orders(Method::DELETE, &format!("/orders/{id}"), None).await;

    let told = json!({ "id": id, "item": "Reading lamp", "quantity": 2, "by": "ada" });
    assert_eq!(view.next().await, Some(("order-placed".to_owned(), told.clone())));
    assert_eq!(view.next().await, Some(("order-removed".to_owned(), told)));
}

#[tokio::test]
async fn another_organisations_orders_are_not_in_it() {
    let demo = Demo::start();
    let mut view = Stream::open(&demo, &token_of(&demo, "emil").await).await;

    demo.tab_of("ada").await.orders(Method::POST, "/orders", Some(&json!({ "item": "Theirs" }))).await;
    demo.tab_of("dora").await.orders(Method::POST, "/orders", Some(&json!({ "item": "Ours" }))).await;

    assert_eq!(view.next().await.expect("an event").1["item"], "Ours");
}

#[tokio::test]
async fn signing_out_everywhere_closes_the_live_view_of_the_other_window() {
    let demo = Demo::start();
    let mut view = Stream::open(&demo, &token_of(&demo, "dora").await).await;
    let mut somebody_else = Stream::open(&demo, &token_of(&demo, "emil").await).await;
    let mut laptop = demo.tab_of("dora").await;

    laptop.auth(Method::POST, "/auth/sign-out", Some(&json!({ "scope": "everywhere" }))).await;
    let signed_out = Instant::now();

    assert_eq!(view.next().await, None);
    assert!(signed_out.elapsed() < SOON, "{:?}", signed_out.elapsed());
    demo.tab_of("emil").await.orders(Method::POST, "/orders", Some(&json!({ "item": "Lamp" }))).await;
    assert!(somebody_else.next().await.is_some(), "somebody else's goes on");
}

#[tokio::test]
async fn new_roles_close_the_live_view_so_that_it_comes_back_with_them() {
    let demo = Demo::start_with(&["--port-base", "0", "--data", "kept"], &[]);
    let mut view = Stream::open(&demo, &token_of(&demo, "cleo").await).await;

    demo.beside(&["user", "set-roles", "cleo", "buyer"]).ok();

    assert_eq!(view.next().await, None);
}

#[tokio::test]
async fn the_live_view_ends_with_its_token() {
    let short = [("HANDSTAMP_TOKENS_LIFETIME", "2s"), ("HANDSTAMP_TOKENS_LEEWAY", "0s")];
    let demo = Demo::start_with(&["--port-base", "0"], &short);
    let mut view = Stream::open(&demo, &token_of(&demo, "ben").await).await;

    assert_eq!(view.next().await, None);
}

#[tokio::test]
async fn strangers_see_no_live_view() {
    let demo = Demo::start();

    let reply = demo.tab().orders(Method::GET, "/orders/events", None).await;

    assert_eq!(reply.code(), (401, "token_missing"));
}
