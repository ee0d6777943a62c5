//! The service in `FastAPI`, described by itself: correct, and with one mistake each. A mistake is looked for by the cases it
//! belongs to; the correct service is attacked with all.

use handstamp_audit::{Options, Verdict};

use crate::planted::{assert_has, assert_only};
use crate::services::{self, attack_with_key, description_of, only};
use crate::support::{broken, issuer, unjudged};

/// Returns what these cases find in a service with this mistake.
async fn found(mistake: &str, cases: &[&str]) -> Vec<(String, String)> {
    let issuer = issuer().await;
    let service = services::fastapi(&issuer, mistake).await;
    let description = description_of(&service).await;
    broken(&attack_with_key(&issuer, &service.url, &description, only(cases)).await)
}

#[tokio::test]
async fn the_correct_service_is_closed() {
    let issuer = issuer().await;
    let service = services::fastapi(&issuer, "none").await;
    let description = description_of(&service).await;

    let report = attack_with_key(&issuer, &service.url, &description, Options::default()).await;

    assert_eq!(broken(&report), []);
    assert_eq!(unjudged(&report), []);
    assert_eq!(report.verdict(), Verdict::Closed, "{}", report.to_text(&handstamp_audit::Plain));
    let totals = report.totals();
    assert_eq!((totals.judged, totals.public), (5, 1));
    assert!(totals.refused > 1500, "{totals:?}");
}

#[tokio::test]
async fn a_forgotten_route() {
    let found = found("forgotten-route", &["credentials/none", "signature/flipped"]).await;

    assert_has(&found, "DELETE /lamps/{id}", "credentials/none");
    assert!(found.iter().all(|(operation, _)| operation == "DELETE /lamps/{id}"), "{found:?}");
}

#[tokio::test]
async fn a_signature_that_nobody_looks_at() {
    let found = found("signature-unread", &["signature/flipped", "foreign-key/same-algorithm"]).await;

    assert_has(&found, "POST /lamps", "signature/flipped");
    assert_has(&found, "POST /lamps", "foreign-key/same-algorithm");
}

#[tokio::test]
async fn tokens_without_a_signature() {
    let found = found("unsigned-taken", &["unsigned/", "signature/flipped"]).await;

    assert_has(&found, "GET /lamps", "unsigned/stripped/lower");
    assert_only(&found, &["unsigned/"]);
}

#[tokio::test]
async fn an_algorithm_that_the_token_chooses() {
    let found = found("algorithm-of-the-token", &["confusion/", "foreign-key/same-algorithm"]).await;

    assert_has(&found, "GET /lamps", "confusion/hs256/raw");
    assert_only(&found, &["confusion/hs256/"]);
}

#[tokio::test]
async fn a_key_that_the_token_brings_along() {
    let found = found("key-of-the-token", &["key-brought-along/", "foreign-key/same-algorithm"]).await;

    assert_has(&found, "GET /lamps", "key-brought-along/jwk");
    assert_only(&found, &["key-brought-along/jwk"]);
}

#[tokio::test]
async fn tokens_whose_time_is_over() {
    let found = found("time-unread", &["time/expired", "signature/flipped"]).await;

    assert_has(&found, "GET /lamps/{id}", "time/expired/hour");
    assert_has(&found, "GET /lamps/{id}", "time/expired/day");
    assert_only(&found, &["time/"]);
}

#[tokio::test]
async fn tokens_for_other_services() {
    let found = found("audience-unread", &["audience/", "issuer/other"]).await;

    assert_has(&found, "GET /lamps", "audience/other");
    assert_has(&found, "GET /lamps", "audience/none");
    assert_only(&found, &["audience/"]);
}

#[tokio::test]
async fn tokens_of_other_issuers() {
    let found = found("issuer-unread", &["issuer/", "audience/other"]).await;

    assert_has(&found, "GET /lamps", "issuer/other");
    assert_has(&found, "GET /lamps", "issuer/none");
    assert_only(&found, &["issuer/"]);
}

#[tokio::test]
async fn tokens_of_another_kind() {
    let found = found("type-unread", &["type/", "audience/other"]).await;

    assert_has(&found, "GET /lamps", "type/id-token");
    assert_has(&found, "GET /lamps", "type/other/status-list");
    assert_only(&found, &["type/"]);
}

#[tokio::test]
async fn objects_of_another_organisation() {
    let found = found("any-organisation", &["identity/"]).await;

    assert_has(&found, "DELETE /lamps/{id}", "identity/other-organisation");
    assert_only(&found, &["identity/"]);
}

#[tokio::test]
async fn a_list_of_everybodys_objects() {
    let found = found("everybodys-list", &["identity/"]).await;

    assert_has(&found, "GET /lamps", "identity/foreign-list");
    assert_only(&found, &["identity/foreign-list"]);
}

#[tokio::test]
async fn roles_that_nobody_looks_at() {
    let found = found("roles-unread", &["rights/"]).await;

    assert_has(&found, "POST /lamps", "rights/no-roles");
    assert_has(&found, "POST /lamps", "rights/other-role");
    assert_only(&found, &["rights/"]);
}

#[tokio::test]
async fn a_token_in_the_address() {
    let found = found("token-in-query", &["transport/"]).await;

    assert_has(&found, "GET /lamps", "transport/query");
    assert_only(&found, &["transport/query"]);
}

#[tokio::test]
async fn a_service_that_breaks() {
    let found = found("breaks", &["structure/dot-after"]).await;

    assert_has(&found, "GET /lamps", "crash/structure/dot-after");
    assert_only(&found, &["crash/"]);
}

#[tokio::test]
async fn refusals_that_tell_what_is_inside() {
    let found = found("talkative", &["leak/", "structure/dot-after"]).await;

    assert_has(&found, "GET /lamps", "leak/python-trace");
    assert_only(&found, &["leak/"]);
}

#[tokio::test]
async fn an_encoded_letter_that_opens() {
    let found = found("encoded-opens", &["routing/"]).await;

    assert_has(&found, "POST /lamps", "routing/encoded");
    assert_only(&found, &["routing/encoded"]);
}
