//! Sessions that began at the provider, and what becomes of them here when it has something new to say.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::stage::{Stage, Visitor, Words};
use crate::revocation::house::{Answer, until_answer};

/// The provider is asked at every refresh that comes a second after the one before.
const ASKED: Words = Words { name: "acme", words: &[("create", "true"), ("recheck_every", "\"1s\"")] };

/// Refreshes after the time at which the provider is asked again.
async fn refresh(stage: &Stage, visitor: &Visitor<'_>) -> (u16, Value) {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    visitor.tab.ask(Method::POST, &stage.url("/auth/refresh")).await
}

#[tokio::test]
async fn whoever_is_gone_at_the_provider_is_out_at_the_next_refresh() {
    let stage = Stage::with(&ASKED);
    let mut visitor = stage.visitor();
    visitor.sign_in("acme", "ann").await;
    let token = visitor.access_token();
    let service = stage.service();
    until_answer(&service, &token, Answer::Accepted).await;

    stage.upstream.change("ann", &json!({ "gone": true })).await;
    let (status, problem) = refresh(&stage, &visitor).await;

    assert_eq!((status, problem["code"].as_str()), (401, Some("session_ended")));
    until_answer(&service, &token, Answer::Revoked).await;
}

#[tokio::test]
async fn what_is_new_at_the_provider_is_in_the_next_token() {
    let stage = Stage::with(&ASKED);
    let mut visitor = stage.visitor();
    visitor.sign_in("acme", "ann").await;

    stage.upstream.change("ann", &json!({ "groups": ["buyers"] })).await;
    let (status, body) = refresh(&stage, &visitor).await;

    assert_eq!(status, 200, "{body}");
    let (_, whoami) = visitor.whoami().await;
    assert_eq!(whoami["roles"], json!(["buyer", "reader"]));
}

/// An outage of the provider is not a sign-out.
#[tokio::test]
async fn a_provider_that_is_away_ends_no_session() {
    let mut stage = Stage::with(&ASKED);
    let profile = {
        let mut visitor = stage.visitor();
        visitor.sign_in("acme", "ann").await;
        visitor.profile
    };

    stage.upstream.away();
    let visitor = stage.visitor_with(profile);
    let (status, body) = refresh(&stage, &visitor).await;

    assert_eq!(status, 200, "{body}");
    assert_eq!(visitor.whoami().await.0, 200);
}

#[tokio::test]
async fn where_nothing_is_said_about_it_the_provider_is_not_asked() {
    let stage = Stage::open();
    let mut visitor = stage.visitor();
    visitor.sign_in("acme", "ann").await;

    stage.upstream.change("ann", &json!({ "gone": true })).await;
    let (status, body) = refresh(&stage, &visitor).await;

    assert_eq!(status, 200, "{body}");
}
