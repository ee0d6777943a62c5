//! What proves nothing, and what is right although it looks wrong.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use handstamp_audit::{Options, Outcome, Plain, Report, Verdict};
use handstamp_testkit::TestIssuer;
use handstamp_verify::{Principal, Verifier};

use crate::support::{attack, broken, issuer, serve, unjudged};

/// Everybody may read the notices; who writes one, or reads their own, has to be signed in.
const NOTICES: &str = r#"{"openapi":"3.1.0","security":[{"bearer":[]}],
    "components":{"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"}}},
    "paths":{
        "/notices":{"get":{"security":[]},"post":{}},
        "/front":{"get":{"security":[{"bearer":[]},{}]}},
        "/mine":{"get":{}}}}"#;

fn who(verifier: &Verifier, headers: &HeaderMap) -> Option<Principal> {
    let sent = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    verifier.try_verify(sent.strip_prefix("Bearer ")?).ok()
}

fn may(verifier: &Verifier, headers: &HeaderMap) -> bool {
    who(verifier, headers).is_some()
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

/// Returns why cases of these rules were not tried, without repetition.
fn not_tried<'a>(report: &'a Report, rule: &str) -> Vec<&'a str> {
    let cases = report.operations.iter().flat_map(|operation| &operation.cases);
    let mut reasons: Vec<&str> = cases
        .filter(|case| case.case.starts_with(rule))
        .filter_map(|case| match &case.outcome {
            Outcome::NotTried { because } => Some(because.as_str()),
            _ => None,
        })
        .collect();
    reasons.dedup();
    reasons
}

#[tokio::test]
async fn a_list_in_which_nothing_is_recognisably_the_owners_is_no_pass() {
    // `/mine` says "fine" to everybody who is signed in.
    let report = attacked(unauthorized, &["identity/foreign-list"]).await;

    let reasons = not_tried(&report, "identity/foreign-list");
    assert!(matches!(reasons[..], [because] if because.contains("owner's own list")), "{reasons:?}");
    assert_eq!((report.totals().refused, report.verdict()), (0, Verdict::Inconclusive));
}

#[tokio::test]
async fn a_service_without_a_safe_operation_is_told_what_was_not_tried() {
    let issuer = issuer().await;
    let service = serve(notices(&issuer, unauthorized)).await;
    let only_operations = vec!["POST /notices".parse().unwrap()];
    let only_cases = vec!["revoked/".to_owned(), "key-selection/fetches".to_owned()];
    let options = Options { only_operations, only_cases, ..Options::default() };

    let report = attack(&issuer, &service.url(), NOTICES, options).await;

    for rule in ["revoked/session-ended", "revoked/account-disabled", "key-selection/fetches"] {
        let reasons = not_tried(&report, rule);
        assert!(matches!(reasons[..], [because] if because.contains("such as a GET")), "{rule}: {reasons:?}");
    }
    assert_eq!(report.totals().not_tried, 5);
}

#[tokio::test]
async fn where_fetching_cannot_be_seen_the_report_says_so() {
    let issuer = issuer().await;
    let service = serve(notices(&issuer, unauthorized)).await;
    let only_cases = vec!["key-brought-along/".to_owned()];
    let options = Options { only_cases, ..Options::default() };
    // Leads here, and is not known to.
    let elsewhere = service.url().replace("127.0.0.1", "0.0.0.0");

    let near = attack(&issuer, &service.url(), NOTICES, options.clone()).await;
    let far = attack(&issuer, &elsewhere, NOTICES, options).await;

    assert_eq!(near.remarks, Vec::<String>::new());
    assert!(
        matches!(&far.remarks[..], [remark] if remark.contains("was not looked at")),
        "{:?}",
        far.remarks
    );
    assert!(far.to_text(&Plain).contains("was not looked at"));
}

/// Whoever asks is signed out.
const SIGN_OUT: &str = r#"{"openapi":"3.1.0","security":[{"bearer":[]}],
    "components":{"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"}}},
    "paths":{"/sign-out":{"post":{}}}}"#;

/// Returns a service whose replicas take turns: what one has ended, all refuse after so many requests more.
fn sign_out(issuer: &TestIssuer, heard_after: usize) -> Router {
    let verifier = issuer.verifier();
    let over = Arc::new(Mutex::new((0, HashMap::new())));
    let end = move |headers: HeaderMap| {
        let session = who(&verifier, &headers).and_then(|who| who.sid().map(str::to_owned));
        let over = Arc::clone(&over);
        async move {
            let mut over = over.lock().expect("nobody panicked while they held it");
            let (asked, ended) = &mut *over;
            *asked += 1;
            match session.map(|session| *ended.entry(session).or_insert(*asked + heard_after)) {
                Some(heard) if *asked <= heard => "signed out".into_response(),
                _ => unauthorized(),
            }
        }
    };
    Router::new().route("/sign-out", post(end))
}

/// The token of the control is over, at once or when the replicas have heard of it: bad ones are made of another.
#[tokio::test]
async fn an_operation_that_ends_its_session_is_judged_with_sessions_of_its_own() {
    for heard_after in [0, 5] {
        let issuer = issuer().await;
        let service = serve(sign_out(&issuer, heard_after)).await;

        let report = attack(&issuer, &service.url(), SIGN_OUT, Options::default()).await;

        assert_eq!(unjudged(&report), [], "heard after {heard_after}");
        assert_eq!(broken(&report), [], "heard after {heard_after}");
        assert!(report.totals().refused > 100, "{:?}", report.totals());
    }
}
