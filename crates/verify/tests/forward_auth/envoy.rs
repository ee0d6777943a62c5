use handstamp_verify::forward_auth::{ENVOY_PREFIX, Passed, Question, Refused};

use super::{PAGE, ada_cookie, code, forward_auth, refusal, request};

async fn ask(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Passed, Refused> {
    let parts = request(method, &format!("{ENVOY_PREFIX}{target}"), headers);
    forward_auth().check(&Question::of_envoy(&parts)).await
}

/// Asks with ada's cookie.
async fn ask_as_ada(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Passed, Refused> {
    let cookie = ada_cookie();
    ask(method, target, &[&[("cookie", cookie.as_str())], headers].concat()).await
}

#[tokio::test]
async fn the_method_is_the_requests_own() {
    let foreign = [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];

    assert!(ask_as_ada("GET", "/orders", &foreign).await.is_ok());
    assert!(ask_as_ada("POST", "/orders", &[("sec-fetch-site", "same-origin")]).await.is_ok());
    assert_eq!(code(ask_as_ada("POST", "/orders", &foreign).await), (403, "csrf_rejected".to_owned()));
    assert_eq!(code(ask_as_ada("PURGE", "/orders", &foreign).await), (403, "csrf_rejected".to_owned()));
    // A client may send it, and no page can.
    let lies = [("x-forwarded-method", "GET"), foreign[0], foreign[1]];
    assert_eq!(code(ask_as_ada("POST", "/orders", &lies).await), (403, "csrf_rejected".to_owned()));
}

/// The query is the client's, so that it demands nothing and breaks nothing.
#[tokio::test]
async fn demands_stand_in_the_header_alone() {
    assert!(ask_as_ada("GET", "/orders?role=admin&page=2", &[]).await.is_ok());
    let require = [("x-handstamp-require", "role=admin")];
    assert_eq!(
        code(ask_as_ada("GET", "/orders?role=buyer", &require).await),
        (403, "role_required".to_owned())
    );
}

#[tokio::test]
async fn the_organisation_stands_in_the_path_behind_the_prefix() {
    let require = [("x-handstamp-require", "org_path=/orgs/{org}")];

    assert!(ask_as_ada("GET", "/orgs/acme/orders", &require).await.is_ok());
    assert_eq!(code(ask_as_ada("GET", "/orgs/globex", &require).await), (403, "org_mismatch".to_owned()));
    // Envoy has not said it: a client has.
    let lies = [("x-forwarded-uri", "/orgs/acme"), require[0]];
    assert_eq!(code(ask_as_ada("GET", "/orgs/globex", &lies).await), (403, "org_mismatch".to_owned()));
}

#[tokio::test]
async fn people_are_sent_to_sign_in_and_back() {
    let headers = [("host", "app.example"), ("x-forwarded-proto", "https"), ("sec-fetch-mode", "navigate")];

    let refused = refusal(ask("GET", "/orders?page=2", &headers).await);

    assert_eq!(refused.status(), 303);
    let way_back = "https%3A%2F%2Fapp.example%2Forders%3Fpage%3D2";
    assert_eq!(refused.headers()["location"], format!("{PAGE}?return_to={way_back}"));
}

/// A token in an address ends in logs (RFC 9700 §4.3).
#[tokio::test]
async fn rfc9700_a_token_in_the_address_is_refused() {
    assert_eq!(
        code(ask_as_ada("GET", "/orders?access_token=x", &[]).await),
        (401, "token_invalid".to_owned())
    );
}
