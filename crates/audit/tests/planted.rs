//! The same service with one mistake each: every mistake is found, where it is.

use handstamp_audit::{Carrier, Options};

use crate::lamps::{self, COOKIE, DESCRIPTION, Mistake};
use crate::support::{attack, broken, issuer, serve};

/// Returns what is found in a service with this mistake, with tokens in the header alone: the correct service is attacked with both.
async fn found(mistake: Mistake) -> Vec<(String, String)> {
    found_in(mistake, vec![Carrier::Bearer]).await
}

/// Returns what is found in a service with this mistake.
async fn found_in(mistake: Mistake, carriers: Vec<Carrier>) -> Vec<(String, String)> {
    let issuer = issuer().await;
    let service = serve(lamps::service(&issuer, mistake)).await;
    broken(&attack(&issuer, &service.url(), DESCRIPTION, Options { carriers, ..Options::default() }).await)
}

fn cookie() -> Vec<Carrier> {
    vec![Carrier::Cookie(COOKIE.to_owned())]
}

/// Returns whether a rule is broken at an operation.
pub(crate) fn has(found: &[(String, String)], operation: &str, rule: &str) -> bool {
    found.iter().any(|(where_, broken)| where_ == operation && broken == rule)
}

/// Returns whether what was found begins with one of these, as `rule` or as `OPERATION rule`.
pub(crate) fn is_only((operation, rule): &(String, String), starts: &[&str]) -> bool {
    let in_full = format!("{operation} {rule}");
    starts.iter().any(|start| rule.starts_with(start) || in_full.starts_with(start))
}

/// Asserts that a rule is broken at an operation.
pub(crate) fn assert_has(found: &[(String, String)], operation: &str, rule: &str) {
    assert!(has(found, operation, rule), "{rule} at {operation} is not among {found:#?}");
}

/// Asserts that all broken rules begin with one of these.
pub(crate) fn assert_only(found: &[(String, String)], starts: &[&str]) {
    for one in found {
        assert!(is_only(one, starts), "{} at {} is none of {starts:?}", one.1, one.0);
    }
}

#[tokio::test]
async fn a_forgotten_route() {
    let found = found(Mistake::ForgottenRoute).await;

    assert_has(&found, "DELETE /lamps/{id}", "credentials/none");
    assert_has(&found, "DELETE /lamps/{id}", "identity/other-organisation");
    assert!(found.iter().all(|(operation, _)| operation == "DELETE /lamps/{id}"), "{found:?}");
}

/// A list that everybody may read is one mistake of its own, and none of the operation beside it.
#[tokio::test]
async fn a_forgotten_list_beside_what_is_closed() {
    let issuer = issuer().await;
    let service = lamps::service(&issuer, Mistake::None);
    let open = axum::Router::new()
        .route("/lamps", axum::routing::get(async || "every lamp").fallback_service(service));
    let service = serve(open).await;
    let description = DESCRIPTION.split("  /lamps/{id}:").next().expect("the lists").to_owned()
        + &DESCRIPTION[DESCRIPTION.find("components:").expect("the rest")..];
    let options = Options {
        only_cases: vec!["credentials/none".to_owned(), "routing/method-override/".to_owned()],
        carriers: vec![Carrier::Bearer],
        ..Options::default()
    };

    let found = broken(&attack(&issuer, &service.url(), &description, options).await);

    assert_eq!(found, [("GET /lamps".to_owned(), "credentials/none".to_owned())]);
}

#[tokio::test]
async fn a_signature_that_nobody_looks_at() {
    let found = found(Mistake::SignatureUnread).await;

    assert_has(&found, "GET /lamps", "signature/flipped");
    assert_has(&found, "GET /lamps", "foreign-key/same-algorithm");
    assert_has(&found, "POST /lamps", "signature/stripped");
}

#[tokio::test]
async fn tokens_without_a_signature() {
    let found = found(Mistake::UnsignedTaken).await;

    assert_has(&found, "GET /lamps/{id}", "unsigned/stripped/lower");
    assert_only(&found, &["unsigned/", "signature/", "ambiguous/", "encoding/", "structure/"]);
}

#[tokio::test]
async fn an_algorithm_that_the_token_chooses() {
    let found = found(Mistake::AlgorithmOfTheToken).await;

    assert_only(&found, &["confusion/"]);
    assert!(!found.is_empty());
}

#[tokio::test]
async fn tokens_for_other_services() {
    let found = found(Mistake::AudienceUnread).await;

    assert_has(&found, "GET /lamps", "audience/other");
}

#[tokio::test]
async fn tokens_of_other_times() {
    let found = found(Mistake::TimeUnread).await;

    assert!(found.iter().any(|(_, rule)| rule.starts_with("time/expired")), "{found:?}");
}

#[tokio::test]
async fn a_key_that_the_token_brings_along() {
    let found = found(Mistake::KeyOfTheToken).await;

    assert_has(&found, "GET /lamps", "key-brought-along/jwk");
}

#[tokio::test]
async fn an_address_that_the_token_names() {
    let found = found(Mistake::AddressOfTheToken).await;

    assert_has(&found, "GET /lamps", "key-brought-along/fetched");
    assert_only(&found, &["key-brought-along/fetched"]);
}

#[tokio::test]
async fn objects_of_another_organisation() {
    let found = found(Mistake::AnyOrganisation).await;

    for operation in ["GET /lamps/{id}", "PUT /lamps/{id}", "DELETE /lamps/{id}"] {
        assert_has(&found, operation, "identity/other-organisation");
    }
    assert_only(&found, &["identity/"]);
}

#[tokio::test]
async fn a_list_of_everybodys_objects() {
    let found = found(Mistake::EverybodysList).await;

    assert_eq!(found, [("GET /lamps".to_owned(), "identity/foreign-list".to_owned())]);
}

#[tokio::test]
async fn an_organisation_that_the_request_names() {
    let found = found(Mistake::OrganisationOfTheRequest).await;

    assert_has(&found, "GET /lamps/{id}", "identity/organisation-by-request");
    assert_only(&found, &["identity/organisation-by-request"]);
}

#[tokio::test]
async fn work_that_is_done_before_anybody_asks_who_sent_it() {
    let found = found(Mistake::DoneFirst).await;

    assert_has(&found, "POST /lamps", "effect/credentials/none");
    // Of many that wrote over one another the last is seen.
    let changed =
        found.iter().any(|(operation, rule)| operation == "PUT /lamps/{id}" && rule.starts_with("effect/"));
    assert!(changed, "{found:#?}");
    assert_has(&found, "DELETE /lamps/{id}", "effect/done-all-the-same");
    assert_only(&found, &["effect/"]);
}

#[tokio::test]
async fn a_service_that_breaks() {
    let found = found(Mistake::Breaks).await;

    assert_has(&found, "GET /lamps", "crash/structure/dot-after");
    assert_only(&found, &["crash/"]);
}

#[tokio::test]
async fn a_token_in_the_address() {
    let found = found(Mistake::TokenInQuery).await;

    assert_has(&found, "GET /lamps", "transport/query");
    assert_only(&found, &["transport/query"]);
}

#[tokio::test]
async fn roles_that_nobody_looks_at() {
    let found = found(Mistake::RolesUnread).await;

    assert_has(&found, "POST /lamps", "rights/no-roles");
    assert_only(&found, &["rights/"]);
}

#[tokio::test]
async fn tokens_that_were_taken_back() {
    let found = found(Mistake::Deaf).await;

    for operation in ["GET /lamps", "GET /lamps/{id}"] {
        for ending in ["session-ended", "token-revoked", "account-disabled", "roles-changed"] {
            assert_has(&found, operation, &format!("revoked/{ending}"));
        }
    }
    assert_only(&found, &["revoked/"]);
}

#[tokio::test]
async fn requests_that_a_browser_was_tricked_into() {
    let found = found_in(Mistake::ForgedRequests, cookie()).await;

    assert_has(&found, "POST /lamps", "transport/cross-site");
    assert_only(&found, &["transport/"]);
}

#[tokio::test]
async fn any_page_reads_answers() {
    let found = found_in(Mistake::AnyOrigin, cookie()).await;

    for origin in ["any", "null", "longer", "ending"] {
        assert_has(&found, "GET /lamps", &format!("cors/{origin}-origin/request"));
    }
    assert_only(&found, &["cors/"]);
}

#[tokio::test]
async fn any_page_sends_what_its_browser_adds_a_cookie_to_where_bearer_tokens_are_taken_too() {
    let issuer = issuer().await;
    let service = serve(lamps::service(&issuer, Mistake::AnyOrigin)).await;
    let carriers = [vec![Carrier::Bearer], cookie()].concat();
    let options = Options { only_cases: vec!["cors/".to_owned()], carriers, ..Options::default() };

    let found = broken(&attack(&issuer, &service.url(), DESCRIPTION, options).await);

    assert_has(&found, "POST /lamps", "cors/any-origin/preflight");
    assert_only(&found, &["cors/"]);
}

#[tokio::test]
async fn a_slash_that_opens() {
    let found = found(Mistake::SlashOpens).await;

    assert_has(&found, "GET /lamps", "routing/slash-after");
    assert_only(&found, &["routing/slash-after"]);
}

#[tokio::test]
async fn a_method_that_nobody_wrote_down() {
    let found = found(Mistake::UndocumentedMethod).await;

    assert_has(&found, "GET /lamps/{id}", "routing/undocumented-method/patch");
    assert_only(&found, &["routing/undocumented-method/patch"]);
}

#[tokio::test]
async fn refusals_that_tell_what_is_inside() {
    let found = found(Mistake::Talkative).await;

    assert_has(&found, "GET /lamps", "leak/python-trace");
    assert_has(&found, "GET /lamps", "leak/token");
    assert_only(&found, &["leak/"]);
}
