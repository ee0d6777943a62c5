//! Services that ask for OAuth scopes, beside roles or instead of them.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use handstamp_audit::{Options, Outcome, Person, Plain, Report, Verdict};
use handstamp_testkit::TestIssuer;
use handstamp_token::dangerous;
use serde_json::{Value, json};

use crate::planted::{assert_has, assert_only};
use crate::support::{attack_as, broken, issuer, person, serve};

const NOTES: &str = r#"{"openapi":"3.1.0",
    "components":{"securitySchemes":{"oauth":{"type":"oauth2","flows":{}}}},
    "paths":{"/notes":{"post":{"security":[{"oauth":["notes:write"]}]}}}}"#;

/// In the words of the description a role and a scope are alike.
const NOTES_OF_KEEPERS: &str = r#"{"openapi":"3.1.0",
    "components":{"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"}}},
    "paths":{"/notes":{"post":{"security":[{"bearer":["keeper","notes:write"]}]}}}}"#;

/// What a service makes of the rights in a good token.
type Look = fn(&Value) -> bool;

fn scopes(claims: &Value) -> Vec<&str> {
    let list = claims["scp"].as_array().into_iter().flatten().filter_map(Value::as_str);
    claims["scope"].as_str().unwrap_or_default().split(' ').chain(list).collect()
}

fn roles(claims: &Value) -> Vec<&str> {
    claims["roles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn rightly(claims: &Value) -> bool {
    scopes(claims).contains(&"notes:write")
}

fn at_both(claims: &Value) -> bool {
    rightly(claims) && roles(claims).contains(&"keeper")
}

fn not_at_all(_: &Value) -> bool {
    true
}

/// Some scope will do.
fn whether_there_are_any(claims: &Value) -> bool {
    claims["scope"].as_str().is_some_and(|scope| !scope.is_empty())
}

/// The text is searched, not its words.
fn within_words(claims: &Value) -> bool {
    claims["scope"].as_str().is_some_and(|scope| scope.contains("notes:write"))
}

/// Roles are what this service has always looked at.
fn at_roles_alone(claims: &Value) -> bool {
    roles(claims).contains(&"keeper")
}

fn at_permissions_alone(claims: &Value) -> bool {
    claims["permissions"].as_array().is_some_and(|all| all.iter().any(|one| one == "notes:write"))
}

fn notes(issuer: &TestIssuer, look: Look) -> Router {
    let verifier = issuer.verifier();
    let write = move |headers: HeaderMap| {
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = sent.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let status = match verifier.try_verify(token) {
            Err(_) => StatusCode::UNAUTHORIZED,
            Ok(_) if !look(&claims(token)) => StatusCode::FORBIDDEN,
            Ok(_) => StatusCode::CREATED,
        };
        async move { status }
    };
    Router::new().route("/notes", post(write))
}

fn claims(token: &str) -> Value {
    let decoded = dangerous::decode_unverified(token).map(|decoded| decoded.unverified_payload);
    decoded.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

async fn attacked(description: &str, look: Look, more: &Value) -> Report {
    let issuer = issuer().await;
    let service = serve(notes(&issuer, look)).await;
    let people = [person("ada", "acme"), person("emil", "globex")]
        .map(|person| Person { claims: serde_json::from_value(more.clone()).expect("claims"), ..person });
    let options = Options { only_cases: vec!["rights/".to_owned()], ..Options::default() };
    attack_as(people, &issuer, &service.url(), description, options).await
}

async fn found(description: &str, look: Look) -> Vec<String> {
    let report = attacked(description, look, &json!({ "scope": "notes:read notes:write" })).await;
    let found = broken(&report);
    found.into_iter().map(|(_, rule)| rule).collect()
}

/// Returns why cases of this class were not tried.
fn left_out(report: &Report) -> Vec<&str> {
    let cases = report.operations.iter().flat_map(|operation| &operation.cases);
    cases
        .filter_map(|case| match &case.outcome {
            Outcome::NotTried { because } => Some(because.as_str()),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_service_that_looks_at_scopes_is_closed() {
    for more in [json!({ "scope": "notes:read notes:write" }), json!({ "scp": ["notes:write"] })] {
        let report = attacked(NOTES, rightly, &more).await;

        assert_eq!(broken(&report), []);
        // The control was let in, so the good token still carries its scopes.
        assert_eq!(report.totals().judged, 1, "{}", report.to_text(&Plain));
        assert_eq!(report.verdict(), Verdict::Closed);
        // Where the scope stands beside the claims of the recipe's two cases, they would prove nothing.
        let expected = if more.get("scp").is_some() { 4 } else { 6 };
        assert_eq!(report.totals().refused, expected, "{}", report.to_text(&Plain));
    }
}

#[tokio::test]
async fn scopes_that_nobody_looks_at() {
    let report = attacked(NOTES, not_at_all, &json!({ "scope": "notes:read notes:write" })).await;
    let found = broken(&report);

    for rule in [
        "rights/no-roles",
        "rights/other-role",
        "rights/missing/notes:write",
        "rights/no-scope",
        "rights/other-scope",
        "rights/longer-scope",
    ] {
        assert_has(&found, "POST /notes", rule);
    }
    assert_only(&found, &["rights/"]);
}

#[tokio::test]
async fn a_service_to_which_any_scope_is_good_enough() {
    assert_eq!(
        found(NOTES, whether_there_are_any).await,
        ["rights/longer-scope", "rights/missing/notes:write", "rights/other-scope"]
    );
}

#[tokio::test]
async fn a_scope_that_is_found_within_another() {
    assert_eq!(found(NOTES, within_words).await, ["rights/longer-scope"]);
}

#[tokio::test]
async fn scopes_that_are_forgotten_beside_roles() {
    let right = found(NOTES_OF_KEEPERS, at_both).await;
    let forgotten = found(NOTES_OF_KEEPERS, at_roles_alone).await;

    assert_eq!(right, Vec::<String>::new());
    assert_eq!(
        forgotten,
        ["rights/longer-scope", "rights/missing/notes:write", "rights/no-scope", "rights/other-scope"]
    );
}

#[tokio::test]
async fn roles_that_are_forgotten_beside_scopes() {
    assert_eq!(found(NOTES_OF_KEEPERS, rightly).await, ["rights/missing/keeper"]);
}

/// Some issuers write what somebody may do into two claims, and either will do.
#[tokio::test]
async fn a_right_that_another_claim_names_too_is_not_gone_with_the_scopes() {
    let more = json!({ "scope": "notes:write", "permissions": ["notes:write"] });
    let report = attacked(NOTES, at_permissions_alone, &more).await;

    assert_eq!(broken(&report), []);
    assert_eq!(
        (report.totals().refused, report.verdict()),
        (1, Verdict::Closed),
        "{}",
        report.to_text(&Plain)
    );
    let reasons = left_out(&report);
    assert!(
        reasons.len() >= 3 && reasons.iter().all(|because| because.contains("\"permissions\"")),
        "{reasons:?}"
    );
}

#[tokio::test]
async fn a_right_that_the_good_token_does_not_name_is_told_of() {
    let report = attacked(NOTES, not_at_all, &json!({})).await;

    let reasons = left_out(&report);
    assert!(
        matches!(reasons[..], [because] if because.contains("\"notes:write\", and the owner's token has it nowhere")),
        "{reasons:?}"
    );
    // The token that was to be refused is let in all the same.
    assert_has(&broken(&report), "POST /notes", "rights/no-roles");
}

#[tokio::test]
async fn scopes_of_which_the_description_says_nothing_are_told_of() {
    let silent = NOTES.replace(r#"["notes:write"]"#, "[]");

    let report = attacked(&silent, rightly, &json!({ "scope": "notes:write" })).await;

    let reasons = left_out(&report);
    assert!(matches!(reasons[..], [because] if because.contains("does not say which scope")), "{reasons:?}");
}
