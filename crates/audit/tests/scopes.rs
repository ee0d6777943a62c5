//! Services that ask for OAuth scopes instead of roles.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use handstamp_audit::{Options, Person, Plain, Report, Verdict};
use handstamp_testkit::TestIssuer;
use handstamp_token::dangerous;
use serde_json::Value;

use crate::planted::assert_has;
use crate::support::{attack_as, broken, issuer, person, serve};

const NOTES: &str = r#"{"openapi":"3.1.0",
    "components":{"securitySchemes":{"oauth":{"type":"oauth2","flows":{}}}},
    "paths":{"/notes":{"post":{"security":[{"oauth":["notes:write"]}]}}}}"#;

/// Returns whether the scopes of a token, as it says them, have this one.
fn has_scope(token: &str, wanted: &str) -> bool {
    let claims = dangerous::decode_unverified(token).ok().map(|decoded| decoded.unverified_payload);
    let claims: Value = claims.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    claims["scope"].as_str().is_some_and(|scope| scope.split(' ').any(|scope| scope == wanted))
}

fn notes(issuer: &TestIssuer, looks_at_scopes: bool) -> Router {
    let verifier = issuer.verifier();
    let write = move |headers: HeaderMap| {
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = sent.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let status = match verifier.try_verify(token) {
            Err(_) => StatusCode::UNAUTHORIZED,
            Ok(_) if looks_at_scopes && !has_scope(token, "notes:write") => StatusCode::FORBIDDEN,
            Ok(_) => StatusCode::CREATED,
        };
        async move { status }
    };
    Router::new().route("/notes", post(write))
}

async fn attacked(looks_at_scopes: bool) -> Report {
    let issuer = issuer().await;
    let service = serve(notes(&issuer, looks_at_scopes)).await;
    let people = [person("ada", "acme"), person("emil", "globex")].map(|person| {
        let claims = [("scope".to_owned(), "notes:read notes:write".into())].into_iter().collect();
        Person { claims, ..person }
    });
    let options = Options { only_cases: vec!["rights/".to_owned()], ..Options::default() };
    attack_as(people, &issuer, &service.url(), NOTES, options).await
}

#[tokio::test]
async fn a_service_that_looks_at_scopes_is_closed() {
    let report = attacked(true).await;

    assert_eq!(broken(&report), []);
    // The control was let in, so the good token still carries its scopes.
    assert_eq!(report.totals().judged, 1, "{}", report.to_text(&Plain));
    assert_eq!((report.totals().refused, report.verdict()), (2, Verdict::Closed));
}

#[tokio::test]
async fn scopes_that_nobody_looks_at() {
    let found = broken(&attacked(false).await);

    assert_has(&found, "POST /notes", "rights/no-roles");
    assert_has(&found, "POST /notes", "rights/other-role");
}
