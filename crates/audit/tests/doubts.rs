//! What proves nothing, and what is right although it looks wrong.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use handstamp_audit::{Options, Outcome, Report, Verdict};
use handstamp_testkit::TestIssuer;
use handstamp_verify::Verifier;

use crate::support::{attack, broken, issuer, serve};

/// Everybody may read the notices; who writes one, or reads their own, has to be signed in.
const NOTICES: &str = r#"{"openapi":"3.1.0","security":[{"bearer":[]}],
    "components":{"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"}}},
    "paths":{
        "/notices":{"get":{"security":[]},"post":{}},
        "/front":{"get":{"security":[{"bearer":[]},{}]}},
        "/mine":{"get":{}}}}"#;

fn may(verifier: &Verifier, headers: &HeaderMap) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = sent.and_then(|value| value.strip_prefix("Bearer "));
    token.is_some_and(|token| verifier.try_verify(token).is_ok())
}

/// Returns a service that answers `refusal` to what it refuses.
fn notices(issuer: &TestIssuer, refusal: fn() -> Response) -> Router {
    let verifier = issuer.verifier();
    let closed = move |headers: HeaderMap| {
        let lets_in = may(&verifier, &headers);
        async move { if lets_in { "fine".into_response() } else { refusal() } }
    };
    let verifier = issuer.verifier();
    let front = move |headers: HeaderMap| {
        let lets_in = !headers.contains_key(header::AUTHORIZATION) || may(&verifier, &headers);
        async move { if lets_in { "fine".into_response() } else { refusal() } }
    };
    Router::new()
        .route("/notices", get(async || "for everybody").post(closed.clone()))
        .route("/front", get(front))
        .route("/mine", get(closed))
}

async fn attacked(refusal: fn() -> Response, only_cases: &[&str]) -> Report {
    let issuer = issuer().await;
    let service = serve(notices(&issuer, refusal)).await;
    let only_cases = only_cases.iter().map(|case| (*case).to_owned()).collect();
    attack(&issuer, &service.url(), NOTICES, Options { only_cases, ..Options::default() }).await
}

fn unauthorized() -> Response {
    StatusCode::UNAUTHORIZED.into_response()
}

fn too_many_requests() -> Response {
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "0")]).into_response()
}

#[tokio::test]
async fn a_case_that_there_is_not_proves_nothing() {
    let report = attacked(unauthorized, &["confusoin/"]).await;

    assert_eq!(report.verdict(), Verdict::Inconclusive);
}

#[tokio::test]
async fn a_method_that_is_open_on_purpose_answers_as_itself() {
    let report = attacked(unauthorized, &["routing/method-override/"]).await;

    assert_eq!(broken(&report), []);
}

#[tokio::test]
async fn where_nobody_has_to_show_anything_coming_without_anything_is_no_finding() {
    let report = attacked(unauthorized, &["credentials/none", "routing/internal-address"]).await;

    assert_eq!(broken(&report), []);
}

#[tokio::test]
async fn to_be_asked_to_come_back_later_is_no_end_of_a_token() {
    let report = attacked(too_many_requests, &["revoked/session-ended"]).await;

    let mine = report.operations.iter().find(|operation| operation.operation == "GET /mine").unwrap();
    assert!(
        matches!(mine.cases.as_slice(), [case] if matches!(case.outcome, Outcome::Inconclusive { .. })),
        "{:?}",
        mine.cases
    );
}
