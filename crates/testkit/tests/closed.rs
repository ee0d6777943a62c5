//! Apps with one mistake each, and the same app without it.

mod control;

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use handstamp_testkit::TestIssuer;
use handstamp_testkit::closed::{Answer, Problem, Report};
use handstamp_token::dangerous;
use handstamp_verify::axum::{Declare, Routes};
use handstamp_verify::{OrgScope, Principal, Verifier, VerifyLayer, access};

use crate::deaf;

async fn list(scope: OrgScope) -> String {
    scope.org_id().to_owned()
}

async fn create(caller: Principal) -> String {
    caller.sub().to_owned()
}

async fn health() -> &'static str {
    "fine"
}

fn good_routes(verifier: Verifier) -> Routes {
    Routes::new(verifier)
        .route("/health", get(health).access(access::public()))
        .route("/orders", get(list).access(access::in_org()).and(post(create).access(access::role("buyer"))))
        .route("/orders/{id}", delete(create).access(access::role("admin")))
}

/// The names of the classes of what was found.
fn classes(report: &Report) -> Vec<&'static str> {
    let mut classes: Vec<_> = report.findings().iter().map(|finding| finding.case().class().name()).collect();
    classes.sort_unstable();
    classes.dedup();
    classes
}

#[tokio::test]
async fn an_app_that_says_who_may_use_each_route_is_closed() {
    let issuer = TestIssuer::start();

    let report = issuer.attack(good_routes(issuer.verifier())).public("/health").run().await;

    assert!(report.is_closed(), "{report}");
    assert!(report.requests() > 1000, "{report}");
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_closed() {
    let issuer = TestIssuer::start();

    let attack = issuer.attack(good_routes(issuer.verifier())).public("/health").parameter("id", "no id");
    let report = attack.run().await;

    assert!(
        report.problems().contains(&Problem::Unsendable { operation: "DELETE /orders/{id}".to_owned() }),
        "{report}"
    );
}

#[tokio::test]
async fn a_route_that_is_open_has_to_be_named() {
    let issuer = TestIssuer::start();

    let report = issuer.attack(good_routes(issuer.verifier())).run().await;

    assert_eq!(report.problems(), [Problem::Open { path: "/health".to_owned() }]);
}

#[tokio::test]
async fn a_method_that_is_open_beside_closed_ones_is_found_unless_it_is_named() {
    let issuer = TestIssuer::start();
    let routes = |verifier| {
        let methods = get(health).access(access::public()).and(post(create).access(access::signed_in()));
        Routes::new(verifier).route("/orders", methods)
    };

    let unnamed = issuer.attack(routes(issuer.verifier())).run().await;
    let named = issuer.attack(routes(issuer.verifier())).public("GET /orders").run().await;

    assert!(
        unnamed.findings().iter().all(|finding| finding.operation().to_string() == "GET /orders"),
        "{unnamed}"
    );
    assert!(classes(&unnamed).contains(&"credentials"), "{unnamed}");
    assert!(named.is_closed(), "{named}");
    assert!(named.requests() > 300, "{named}");
}

#[tokio::test]
async fn a_route_that_declares_nothing_is_named() {
    let issuer = TestIssuer::start();
    let routes = good_routes(issuer.verifier()).route("/forgotten", get(health));

    let report = issuer.attack(routes).public("/health").run().await;

    assert_eq!(report.problems(), [Problem::Undeclared { path: "/forgotten".to_owned() }]);
}

#[tokio::test]
async fn a_public_path_that_is_not_there_is_a_mistake_in_the_test() {
    let issuer = TestIssuer::start();

    let report =
        issuer.attack(good_routes(issuer.verifier())).public("/health").public("/helath").run().await;

    assert_eq!(report.problems(), [Problem::NoSuchPath { path: "/helath".to_owned() }]);
}

#[tokio::test]
async fn an_app_that_trusts_another_issuer_shows_nothing() {
    let (issuer, other) = (TestIssuer::start(), TestIssuer::start());

    let report = issuer.attack(good_routes(other.verifier())).public("/health").run().await;

    assert!(report.findings().is_empty());
    let answer = Answer::Status(StatusCode::UNAUTHORIZED);
    let refused = |path: &str| Problem::GoodTokenRefused { operation: path.to_owned(), answer };
    assert_eq!(report.problems(), [refused("/orders"), refused("/orders/{id}")]);
}

#[tokio::test]
async fn a_good_token_without_the_role_shows_nothing() {
    let issuer = TestIssuer::start();
    let good = issuer.token().org("acme").role("buyer").mint();

    let report = issuer.attack(good_routes(issuer.verifier())).public("/health").good(good).run().await;

    let message = report.to_string();
    assert!(message.contains("/orders/{id} answered 403 to the good token"), "{message}");
}

#[tokio::test]
async fn a_route_for_machines_is_tried_with_a_machines_token() {
    let issuer = TestIssuer::start();
    let routes = Routes::new(issuer.verifier())
        .route("/import", post(create).access(access::client().scope("orders:write")));
    let machine = issuer.token().machine("importer", "orders:write").mint();

    let report = issuer.attack(routes).good_for("/import", machine).run().await;

    assert!(report.is_closed(), "{report}");
}

#[tokio::test]
async fn a_handler_without_the_layer_is_found() {
    let issuer = TestIssuer::start();
    let app = Router::new().route("/orders", get(health));

    let report = issuer.attack_router(app, ["GET /orders"]).run().await;

    assert!(report.problems().is_empty(), "{report}");
    for class in ["credentials", "unsigned", "signature", "time", "audience", "revoked"] {
        assert!(classes(&report).contains(&class), "{class}");
    }
}

#[tokio::test]
async fn a_service_that_decodes_in_the_place_of_verifying_is_found() {
    /// Reads the claims of whatever looks like a token.
    async fn careless(request: Request) -> Response {
        let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer "));
        match token.map(dangerous::decode_unverified) {
            Some(Ok(decoded)) => decoded.unverified_payload.into_response(),
            _ => StatusCode::UNAUTHORIZED.into_response(),
        }
    }
    let issuer = TestIssuer::start();
    let app = Router::new().route("/orders", get(careless));

    let report = issuer.attack_router(app, ["GET /orders"]).run().await;

    let found: Vec<_> = report.findings().iter().map(|finding| finding.case().name()).collect();
    for name in
        ["signature/subject-changed", "foreign-key/same-algorithm", "unsigned/stripped/lower", "time/no-exp"]
    {
        assert!(found.contains(&name), "{name}");
    }
    assert!(!found.contains(&"credentials/none"));
    assert!(!found.contains(&"structure/word/dots"));
}

#[tokio::test]
async fn a_service_that_hears_of_no_revocation_is_found_by_that_alone() {
    let issuer = TestIssuer::start();
    let deaf = deaf(&issuer);

    let report = issuer.attack(good_routes(deaf)).public("/health").run().await;

    assert_eq!(classes(&report), ["revoked"], "{report}");
}

#[tokio::test]
async fn a_layer_that_lets_anonymous_callers_through_is_found() {
    let issuer = TestIssuer::start();
    let app = Router::new().route("/orders", get(health)).layer(VerifyLayer::new(issuer.verifier()));

    let report = issuer.attack_router(app, ["GET /orders"]).run().await;

    assert!(classes(&report).contains(&"credentials"), "{report}");
    assert!(!classes(&report).contains(&"signature"), "{report}");
}

#[tokio::test]
async fn a_service_that_looks_at_the_body_before_the_token_is_found() {
    async fn eager(request: Request) -> Response {
        if !request.headers().contains_key(header::CONTENT_TYPE) {
            return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
        }
        match request.extensions().get::<Principal>() {
            Some(caller) => caller.sub().to_owned().into_response(),
            None => StatusCode::UNAUTHORIZED.into_response(),
        }
    }
    let issuer = TestIssuer::start();
    let app = || Router::new().route("/orders", post(eager)).layer(VerifyLayer::new(issuer.verifier()));

    let without = issuer.attack_router(app(), ["POST /orders"]).run().await;
    let with = issuer
        .attack_router(app(), ["POST /orders"])
        .body("POST", "/orders", serde_json::json!({ "item": 1 }))
        .run()
        .await;

    assert!(
        without.findings().iter().all(|finding| finding.case().class().name() == "credentials"),
        "{without}"
    );
    assert!(!without.is_closed());
    assert!(with.is_closed(), "{with}");
}

#[tokio::test]
async fn a_handler_that_panics_is_found() {
    async fn fragile(request: Request) -> Response {
        let header = request.headers().get(header::AUTHORIZATION);
        let Some(value) = header.and_then(|value| value.to_str().ok()) else {
            return StatusCode::UNAUTHORIZED.into_response();
        };
        assert!(value.len() < 4000, "nobody sends that much");
        StatusCode::OK.into_response()
    }
    let issuer = TestIssuer::start();
    let app = Router::new().route("/orders", get(fragile));

    let report = issuer.attack_router(app, ["GET /orders"]).run().await;

    let size = report.findings().iter().find(|finding| finding.case().name() == "size/dots").unwrap();
    assert_eq!(size.answer(), Answer::Panic);
}

#[tokio::test]
async fn the_report_says_what_is_open_and_how_to_close_it() {
    let issuer = TestIssuer::start();
    let deaf = deaf(&issuer);
    let routes = Routes::new(deaf)
        .route("/health", get(health).access(access::public()))
        .route("/me", get(create).access(access::signed_in()));

    let report = issuer.attack(routes).run().await;

    insta::assert_snapshot!(report.to_string(), @r#"
    not closed

    /health lets everybody in: if it should, name it with .public("/health")

    GET /me did not refuse 12 bad tokens:
      high     revoked/session-ended (bearer): the session has ended: answered 200, expected 401
      high     revoked/token-revoked (bearer): the token was revoked: answered 200, expected 401
      high     revoked/account-disabled (bearer): the account was disabled: answered 200, expected 401
      high     revoked/org-suspended (bearer): the organisation was suspended: answered 200, expected 401
      high     revoked/client-removed (bearer): the client it was issued to was removed: answered 200, expected 401
      high     revoked/session-ended (cookie): the session has ended: answered 200, expected 401
      high     revoked/token-revoked (cookie): the token was revoked: answered 200, expected 401
      high     revoked/account-disabled (cookie): the account was disabled: answered 200, expected 401
      high     revoked/org-suspended (cookie): the organisation was suspended: answered 200, expected 401
      high     revoked/client-removed (cookie): the client it was issued to was removed: answered 200, expected 401
      medium   revoked/roles-changed (bearer): roles or organisation have changed since: answered 200, expected 401
      medium   revoked/roles-changed (cookie): roles or organisation have changed since: answered 200, expected 401
      Tokens that were taken back: Somebody signed out, was locked out, or has other roles since the token was made. Follow the issuer's revocations, or ask it.
    "#);
}

#[tokio::test]
#[should_panic(expected = "not closed")]
async fn the_assertion_fails_where_something_is_open() {
    let issuer = TestIssuer::start();

    issuer.attack_router(Router::new().route("/", get(health)), ["GET /"]).assert_closed().await;
}

#[tokio::test]
#[should_panic(expected = "\"/orders\" is no operation")]
async fn an_operation_is_a_method_and_a_path() {
    drop(TestIssuer::start().attack_router(Router::new(), ["/orders"]));
}
