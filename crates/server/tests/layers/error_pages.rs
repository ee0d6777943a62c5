use std::time::Duration;

use http::Method;

use crate::support::{Kit, submit_from, visit};

const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn people_who_go_astray_get_a_calm_page() {
    let kit = Kit::new().await;

    for path in ["/", "/nowhere", "/auth", "/auth/sign-inn", "/auth/account/x"] {
        let reply = visit(&mut kit.browser(), path).await;
        let id = reply.header("x-request-id").to_owned();
        let page = reply.page(404);
        assert!(page.contains("<h1>There is nothing here</h1>"), "{page}");
        assert!(page.contains(&format!("Reference: {id}")), "the log has it under this id: {page}");
    }
}

#[tokio::test]
async fn programs_get_problems_as_ever() {
    let kit = Kit::new().await;

    for accept in ["application/json", "*/*", "application/problem+json, text/plain", ""] {
        kit.get("/nowhere").header("accept", accept).send().await.refused(404, "not_found");
    }
    let call = kit.post("/auth/sign-in").header("accept", ACCEPT).ours();
    call.json(&serde_json::json!({ "login": "ann", "password": "x" }))
        .send()
        .await
        .refused(401, "invalid_credentials");
}

/// A person who opens an address of the API sees what the API says.
#[tokio::test]
async fn what_programs_call_answers_people_as_it_answers_programs() {
    let kit = Kit::new().await;

    visit(&mut kit.browser(), "/auth/whoami").await.refused(401, "token_missing");
    visit(&mut kit.browser(), "/auth/assets/nothing").await.refused(404, "not_found");
}

#[tokio::test]
async fn a_setup_page_that_is_gone_is_a_page() {
    let kit = Kit::new().await;
    kit.user("ann").await;

    visit(&mut kit.browser(), "/auth/setup").await.page(404);
}

/// The verify layer in front of the route refuses this one.
#[tokio::test]
async fn a_refused_form_is_a_page() {
    let kit = Kit::new().await;

    let page = submit_from(&mut kit.browser(), "https://evil.example", "/auth/setup", &[]).await.page(403);

    assert!(page.contains("<h1>This was not done</h1>"), "{page}");
}

#[tokio::test]
async fn a_timeout_is_a_page_that_says_when_to_come_back() {
    let kit = Kit::with(&[("server.request_timeout", "20ms")]).await;
    kit.store.set_slow(Duration::from_secs(5));

    let reply = visit(&mut kit.browser(), "/auth/setup").await;

    assert_eq!(reply.header("retry-after"), "1");
    assert!(reply.page(503).contains("nothing is lost"));
}

#[tokio::test]
async fn the_page_speaks_the_language_of_the_browser() {
    let kit = Kit::new().await;

    let call = kit.call(Method::GET, "/nowhere").header("accept", ACCEPT).header("accept-language", "de");

    assert!(call.send().await.page(404).contains("<h1>Hier ist nichts</h1>"));
}
