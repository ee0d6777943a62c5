//! What was there before the attack is there afterwards, however open the service is.

use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use handstamp_audit::{Options, Report, Verdict};
use serde_json::json;

use crate::support::{attack, issuer, serve, unjudged};

/// Nothing here can be made: whatever there is was there before.
const LAMPS: &str = r#"{"openapi":"3.1.0","security":[{"bearer":[]}],
    "components":{"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"}}},
    "paths":{
        "/lamps":{"get":{},"delete":{}},
        "/lamps/{id}":{"get":{},"delete":{}},
        "/settings":{"put":{},"patch":{}}}}"#;

/// What the description makes of a name may be somebody's: the first number, or an example. Nothing lists the rooms.
const ROOMS: &str = r#"{"openapi":"3.1.0","security":[{"bearer":[]}],
    "components":{"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"}}},
    "paths":{
        "/rooms/{number}":{
            "parameters":[{"name":"number","in":"path","required":true,"schema":{"type":"integer"}}],
            "get":{},"put":{},"delete":{}},
        "/doors/{name}":{
            "parameters":[{"name":"name","in":"path","required":true,"schema":{"type":"string"},"example":"front"}],
            "get":{},"post":{},"delete":{}}}}"#;

/// Only a name stands in the path, and it is said which lamp may be changed.
const NAMED: &str = r#"{"openapi":"3.1.0","security":[{"bearer":[]}],
    "components":{"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"}}},
    "paths":{"/{lamp}":{"delete":{}}}}"#;

/// Returns a service without any check, and what was changed in it.
fn open() -> (Router, Arc<Mutex<Vec<String>>>) {
    let changed: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&changed);
    let answer = move |request: Request| {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let reply = reply(&method, &path);
        if !method.is_safe() && (method != Method::POST || path != "/lamps") && reply.status().is_success() {
            log.lock().expect("nobody panicked while they held it").push(format!("{method} {path}"));
        }
        async move { reply }
    };
    (Router::new().fallback(answer), changed)
}

fn reply(method: &Method, path: &str) -> Response {
    let lamp = json!({ "id": "17", "name": "the one on the landing" });
    match (method.is_safe(), path) {
        (true, "/lamps") => Json(json!({ "lamps": [lamp] })).into_response(),
        (true, "/lamps/17" | "/rooms/1" | "/doors/front") => Json(lamp).into_response(),
        (false, "/lamps" | "/lamps/17" | "/settings" | "/rooms/1" | "/doors/front" | "/1200" | "/0021") => {
            StatusCode::NO_CONTENT.into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn attacked(description: &str, touch_existing: bool) -> (Report, Vec<String>) {
    let issuer = issuer().await;
    let (service, changed) = open();
    let service = serve(service).await;
    let only_cases = vec!["credentials/".to_owned(), "routing/".to_owned()];
    let parameters = [("lamp".to_owned(), "1200".to_owned())].into();
    let options = Options { only_cases, parameters, touch_existing, ..Options::default() };

    let report = attack(&issuer, &service.url(), description, options).await;

    let changed = changed.lock().expect("nobody panicked while they held it").clone();
    (report, changed)
}

#[tokio::test]
async fn nothing_is_changed_that_was_there_before() {
    let (report, changed) = attacked(LAMPS, false).await;

    assert_eq!(changed, Vec::<String>::new());
    // That what only shows something is open was found, and of the rest nothing is said.
    assert_eq!(report.verdict(), Verdict::Open);
    let unjudged: Vec<&str> = unjudged(&report).into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(unjudged, ["DELETE /lamps", "DELETE /lamps/{id}", "PUT /settings", "PATCH /settings"]);
}

#[tokio::test]
async fn nothing_is_changed_that_the_description_happens_to_name() {
    let (report, changed) = attacked(ROOMS, false).await;

    assert_eq!(changed, Vec::<String>::new());
    assert_eq!(report.verdict(), Verdict::Open);
    let unjudged: Vec<&str> = unjudged(&report).into_iter().map(|(operation, _)| operation).collect();
    let changing =
        ["PUT /rooms/{number}", "DELETE /rooms/{number}", "POST /doors/{name}", "DELETE /doors/{name}"];
    assert_eq!(unjudged.len(), changing.len(), "{unjudged:?}");
    assert!(changing.iter().all(|operation| unjudged.contains(operation)), "{unjudged:?}");

    let (_, changed) = attacked(ROOMS, true).await;
    assert!(changed.iter().any(|change| change == "DELETE /doors/front"), "{changed:?}");
}

#[tokio::test]
async fn nothing_is_changed_to_see_what_is_shown_at_other_addresses() {
    let (report, changed) = attacked(NAMED, false).await;

    assert_eq!(report.verdict(), Verdict::Open);
    assert!(changed.iter().all(|change| change.ends_with(" /1200")), "{changed:?}");
}

#[tokio::test]
async fn unless_somebody_allows_it() {
    let (_, changed) = attacked(LAMPS, true).await;

    for one in ["DELETE /lamps", "DELETE /lamps/17", "PUT /settings", "PATCH /settings", "PUT /lamps/17"] {
        assert!(changed.iter().any(|change| change == one), "{one} is not among {changed:?}");
    }
}
