//! What proves nothing, and what is right although it looks wrong.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use handstamp_audit::{Carrier, Options, Outcome, Person, Plain, Report, Standing, Verdict};
use handstamp_testkit::TestIssuer;
use handstamp_verify::{Principal, Verifier};

use crate::lamps::{self, DESCRIPTION, Mistake};
use crate::planted::assert_has;
use crate::support::{attack, attack_as, broken, issuer, person, serve, unjudged};

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

/// What shares out requests among replicas, of which one hears nothing of what was taken back, leads to that one every other time.
#[tokio::test]
async fn one_deaf_replica_among_others_is_found() {
    let issuer = issuer().await;
    let hearing = issuer.verifier();
    let turn = Arc::new(Mutex::new(false));
    let mine = move |headers: HeaderMap| {
        let mut is_deaf = turn.lock().expect("nobody panicked while they held it");
        *is_deaf = !*is_deaf;
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = sent.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let is_let_in = match hearing.try_verify(token) {
            Ok(_) => true,
            Err(refused) => *is_deaf && refused.code().as_str() == "token_revoked",
        };
        async move { if is_let_in { StatusCode::OK } else { StatusCode::UNAUTHORIZED } }
    };
    let service = serve(Router::new().route("/mine", get(mine))).await;
    let description = NOTICES.replace(r#""/notices":{"get":{"security":[]},"post":{}},"#, "");
    let description = description.replace(r#""/front":{"get":{"security":[{"bearer":[]},{}]}},"#, "");
    let only_cases = vec!["revoked/session-ended".to_owned()];

    let report =
        attack(&issuer, &service.url(), &description, Options { only_cases, ..Options::default() }).await;

    assert_has(&broken(&report), "GET /mine", "revoked/session-ended");
}

/// Who may not change lamps at all is refused whosever lamp it is.
#[tokio::test]
async fn an_outsider_without_the_right_proves_nothing() {
    let issuer = issuer().await;
    let service = serve(lamps::service(&issuer, Mistake::None)).await;
    let people = [person("ada", "acme"), Person { roles: Vec::new(), ..person("emil", "globex") }];
    let only_cases = vec!["identity/other-organisation".to_owned()];
    let options = Options { only_cases, carriers: vec![Carrier::Bearer], ..Options::default() };

    let report = attack_as(people, &issuer, &service.url(), DESCRIPTION, options).await;

    let outcome = |name: &str| {
        let operation = report.operations.iter().find(|operation| operation.operation == name).expect("it");
        operation.cases[0].outcome.clone()
    };
    assert!(matches!(outcome("GET /lamps/{id}"), Outcome::Refused { .. }));
    for name in ["PUT /lamps/{id}", "DELETE /lamps/{id}"] {
        let outcome = outcome(name);
        assert!(
            matches!(&outcome, Outcome::Inconclusive { because } if because.contains("does not have \"keeper\"")),
            "{name}: {outcome:?}"
        );
    }
    assert_eq!(report.verdict(), Verdict::Inconclusive);
}

/// Attacks a service that takes the token of a cookie from whoever sends the header, as pages of other sites do.
async fn attacked_by_pages_with(name: &'static str) -> Report {
    let issuer = issuer().await;
    let verifier = issuer.verifier();
    let add = move |headers: HeaderMap| {
        let sent = headers.get(header::COOKIE).and_then(|value| value.to_str().ok());
        let token = sent.and_then(|value| value.strip_prefix("at=")).unwrap_or_default();
        let is_let_in = headers.contains_key(name) && verifier.try_verify(token).is_ok();
        async move { if is_let_in { StatusCode::CREATED } else { StatusCode::FORBIDDEN } }
    };
    let service = serve(Router::new().route("/notices", post(add))).await;
    let options = Options {
        only_operations: vec!["POST /notices".parse().expect("an operation")],
        only_cases: ["cross-site", "same-site", "foreign-origin", "no-origin"]
            .map(|case| format!("transport/{case}"))
            .into(),
        carriers: vec![Carrier::Cookie("at".to_owned())],
        headers: vec![(HeaderName::from_static(name), HeaderValue::from_static("1"))],
        ..Options::default()
    };
    attack(&issuer, &service.url(), NOTICES, options).await
}

/// The service asks for a header that no page of another site may add, and takes nothing else for a sign of its own pages.
#[tokio::test]
async fn a_header_that_other_pages_may_not_send_keeps_them_out() {
    let report = attacked_by_pages_with("x-app").await;

    assert_eq!(report.findings().count(), 0, "{}", report.to_text(&Plain));
    assert_eq!((report.totals().refused, report.verdict()), (5, Verdict::Closed));
}

/// What the proxy on the way adds to whatever comes keeps nobody out.
#[tokio::test]
async fn a_header_that_no_page_has_to_send_keeps_nobody_out() {
    for name in ["x-forwarded-proto", "forwarded", "user-agent"] {
        let report = attacked_by_pages_with(name).await;

        assert_eq!(report.totals().refused, 0, "{name}: {}", report.to_text(&Plain));
        assert_ne!(report.verdict(), Verdict::Closed, "{name}");
    }
}

/// In a header of its own a token has no scheme: a good one without is how it is meant.
#[tokio::test]
async fn a_token_alone_in_a_header_of_its_own_is_no_finding() {
    let issuer = issuer().await;
    let verifier = issuer.verifier();
    let mine = move |headers: HeaderMap| {
        let token = headers.get("x-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_let_in = verifier.try_verify(token).is_ok();
        async move { if is_let_in { StatusCode::OK } else { StatusCode::UNAUTHORIZED } }
    };
    let service = serve(Router::new().route("/mine", get(mine))).await;
    let options = Options {
        only_operations: vec!["GET /mine".parse().unwrap()],
        only_cases: vec!["credentials/".to_owned(), "structure/".to_owned()],
        carriers: vec![Carrier::Header("x-token".to_owned())],
        ..Options::default()
    };

    let report = attack(&issuer, &service.url(), NOTICES, options).await;

    assert_eq!(report.findings().count(), 0, "{}", report.to_text(&Plain));
    assert_eq!(report.verdict(), Verdict::Closed);
}

/// Browsers ask so without credentials, and frameworks write it down.
#[tokio::test]
async fn a_preflight_that_is_written_down_is_open_on_purpose() {
    let issuer = issuer().await;
    let service = serve(Router::new().fallback(async || StatusCode::NO_CONTENT)).await;
    let description = r#"{"openapi":"3.1.0","paths":{"/mine":{"options":{}}}}"#;

    let report = attack(&issuer, &service.url(), description, Options::default()).await;

    assert_eq!(report.findings().count(), 0, "{}", report.to_text(&Plain));
    assert_eq!(report.operations[0].standing, Standing::Public);
}
