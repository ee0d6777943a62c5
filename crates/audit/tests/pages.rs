//! Services that show something to everybody at addresses like the ones they protect.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use handstamp_audit::{Options, Outcome, Plain, Report, Verdict};
use handstamp_testkit::TestIssuer;
use serde_json::json;

use crate::planted::{assert_has, assert_only};
use crate::support::{attack, broken, issuer, serve, unjudged};

/// Everybody may read the pages, whose names are not known here; the lamps are somebody's.
const PAGES: &str = r#"{"openapi":"3.1.0","security":[{"bearer":[]}],
    "components":{"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"}}},
    "paths":{"/lamps":{"get":{}},"/{page}":{"get":{"security":[]}}}}"#;

fn is_signed_in(issuer: &TestIssuer) -> impl Fn(&HeaderMap) -> bool + Clone + use<> {
    let verifier = issuer.verifier();
    move |headers| {
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        sent.and_then(|value| value.strip_prefix("Bearer "))
            .is_some_and(|token| verifier.try_verify(token).is_ok())
    }
}

fn lamps() -> Response {
    Json(json!({ "lamps": [{ "id": "7", "name": "the one on the landing" }] })).into_response()
}

fn page(name: &str) -> Response {
    Html(format!("<h1>{name}</h1><p>{} words</p>", name.len())).into_response()
}

/// Returns the service. What is asked for as `lamps.json` is a page, or where `leaks`, the lamps.
fn service(issuer: &TestIssuer, leaks: bool) -> Router {
    let may = is_signed_in(issuer);
    let list = move |headers: HeaderMap| {
        let answer = if may(&headers) { lamps() } else { StatusCode::UNAUTHORIZED.into_response() };
        async move { answer }
    };
    let other = move |Path(name): Path<String>| async move {
        if leaks && name == "lamps.json" { lamps() } else { page(&name) }
    };
    Router::new().route("/lamps", get(list)).route("/{page}", get(other))
}

async fn attacked(service: impl FnOnce(&TestIssuer) -> Router, description: &str, cases: &[&str]) -> Report {
    let issuer = issuer().await;
    let service = serve(service(&issuer)).await;
    let only_cases = cases.iter().map(|&case| case.to_owned()).collect();
    attack(&issuer, &service.url(), description, Options { only_cases, ..Options::default() }).await
}

#[tokio::test]
async fn a_public_route_with_a_name_in_its_path_takes_other_spellings_and_is_no_finding() {
    let report = attacked(|issuer| service(issuer, false), PAGES, &["routing/"]).await;

    assert_eq!(broken(&report), []);
    assert_eq!(report.verdict(), Verdict::Closed, "{}", report.to_text(&Plain));
    let shown = report.operations.iter().flat_map(|operation| &operation.cases).any(|case| {
        case.case == "routing/extension"
            && matches!(&case.outcome, Outcome::Refused { with } if with.contains("everybody is shown"))
    });
    assert!(shown, "{}", report.to_json());
}

#[tokio::test]
async fn what_is_protected_is_found_behind_a_public_route() {
    let found = broken(&attacked(|issuer| service(issuer, true), PAGES, &["routing/"]).await);

    assert_has(&found, "GET /lamps", "routing/extension");
    assert_only(&found, &["routing/extension"]);
}

/// One page of a front end for every address, with a token against forged requests in it.
fn front_end(uri: &Uri) -> Response {
    static PAGES: AtomicU64 = AtomicU64::new(0x9f8e_7d6c_5b4a);
    let token = format!("{:x}", PAGES.fetch_add(0x10_0f31, Ordering::SeqCst));
    Html(format!("<title>Lamps</title><link href=\"{uri}\"><input name=csrf value={token}>")).into_response()
}

#[tokio::test]
async fn a_good_token_that_is_shown_what_everybody_is_shown_proves_nothing() {
    let everywhere = |_: &TestIssuer| Router::new().fallback(async |uri: Uri| front_end(&uri));

    let report = attacked(everywhere, PAGES, &[]).await;

    assert_eq!(broken(&report), []);
    let reasons = unjudged(&report);
    assert!(
        matches!(reasons[..], [("GET /lamps", because)] if because.contains("everybody is shown at any address")),
        "{reasons:?}"
    );
    assert_eq!((report.verdict(), report.totals().refused), (Verdict::Inconclusive, 0));
}

#[tokio::test]
async fn a_front_end_at_every_other_address_is_no_finding() {
    let beside = |issuer: &TestIssuer| {
        let may = is_signed_in(issuer);
        let list = move |headers: HeaderMap| {
            let answer = if may(&headers) { lamps() } else { StatusCode::UNAUTHORIZED.into_response() };
            async move { answer }
        };
        Router::new().route("/lamps", get(list)).fallback(async |uri: Uri| front_end(&uri))
    };

    let report = attacked(beside, PAGES, &["routing/", "credentials/"]).await;

    assert_eq!(broken(&report), []);
    assert_eq!(report.verdict(), Verdict::Closed, "{}", report.to_text(&Plain));
}

#[tokio::test]
async fn where_nobody_has_to_show_anything_a_bad_token_may_be_passed_over() {
    let description =
        PAGES.replace(r#""/lamps":{"get":{}}"#, r#""/lamps":{"get":{"security":[{"bearer":[]},{}]}}"#);
    let open = |_: &TestIssuer| Router::new().route("/lamps", get(async || lamps()));

    let report =
        attacked(open, &description, &["signature/", "time/", "revoked/", "key-selection/fetches"]).await;

    assert_eq!(broken(&report), []);
    assert_eq!(report.verdict(), Verdict::Closed, "{}", report.to_text(&Plain));
}
