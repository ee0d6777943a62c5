//! What has to be so before a refusal shows anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, head, options, post};
use handstamp_testkit::TestIssuer;
use handstamp_testkit::closed::{Answer, Problem, Report};
use handstamp_testkit::recipe::Mode;
use handstamp_verify::axum::{Declare, Routes};
use handstamp_verify::{VerifyLayer, access};

use super::{classes, create, good_routes, health, list};
use crate::{deaf, deaf_builder};

/// An app that asks for a token before it looks which route is meant, as middleware around a whole app does.
fn guarded(issuer: &TestIssuer) -> Router {
    let layer = VerifyLayer::guarding(issuer.verifier(), access::signed_in());
    Router::new().route("/orders", get(health)).fallback(async || StatusCode::NOT_FOUND).layer(layer)
}

fn operations(report: &Report) -> Vec<String> {
    let mut operations: Vec<_> =
        report.findings().iter().map(|finding| finding.operation().to_string()).collect();
    operations.dedup();
    operations
}

#[tokio::test]
async fn an_operation_that_is_not_there_is_not_closed() {
    let issuer = TestIssuer::start();

    for (operation, status) in
        [("GET /ordres", StatusCode::NOT_FOUND), ("PUT /orders", StatusCode::METHOD_NOT_ALLOWED)]
    {
        let report = issuer.attack_router(guarded(&issuer), [operation]).run().await;

        let answer = Answer::Status(status);
        assert_eq!(report.problems(), [Problem::NothingThere { operation: operation.to_owned(), answer }]);
    }
    let there = issuer.attack_router(guarded(&issuer), ["GET /orders"]).run().await;
    assert!(there.is_closed(), "{there}");
}

#[tokio::test]
async fn what_the_first_good_token_has_removed_was_there() {
    let issuer = TestIssuer::start();
    let is_gone = Arc::new(AtomicBool::new(false));
    let remove = async move || {
        if is_gone.swap(true, Ordering::Relaxed) { StatusCode::NOT_FOUND } else { StatusCode::NO_CONTENT }
    };
    let layer = VerifyLayer::guarding(issuer.verifier(), access::signed_in());
    let app = Router::new().route("/orders/{id}", delete(remove)).layer(layer);

    let report = issuer.attack_router(app, ["DELETE /orders/{id}"]).run().await;

    assert!(report.is_closed(), "{report}");
    assert!(report.requests() > 500, "in both modes: {report}");
}

#[tokio::test]
async fn an_app_that_refuses_the_good_token_in_the_end_shows_nothing() {
    let issuer = TestIssuer::start();
    let is_locked = Arc::new(AtomicBool::new(false));
    // Nobody ever looks at the token: the first request is let in, whoever sends it, and none after that.
    let lock = async move || {
        if is_locked.swap(true, Ordering::Relaxed) { StatusCode::UNAUTHORIZED } else { StatusCode::OK }
    };
    let app = Router::new().route("/orders", get(lock));

    let report = issuer.attack_router(app, ["GET /orders"]).modes([Mode::Bearer]).run().await;

    let operation = "GET /orders".to_owned();
    let answer = Answer::Status(StatusCode::UNAUTHORIZED);
    assert_eq!(report.problems(), [Problem::GoodTokenRefusedAfter { operation, answer }], "{report}");
}

#[tokio::test]
async fn an_operation_is_the_same_however_its_method_is_spelled() {
    let issuer = TestIssuer::start();
    let attack = issuer.attack_router(guarded(&issuer), ["get /orders"]);

    let report = attack.asks_for_rights("get /orders").run().await;

    assert_eq!(classes(&report), ["rights"], "{report}");
}

#[tokio::test]
async fn where_nothing_is_attacked_nothing_is_closed() {
    let issuer = TestIssuer::start();
    let empty = || Routes::<()>::new(issuer.verifier());
    let all_public = || empty().route("/health", get(health).access(access::public()));

    for attack in [
        issuer.attack(empty()),
        issuer.attack(all_public()).public("/health"),
        issuer.attack_router(Router::new(), []),
        issuer.attack(good_routes(issuer.verifier())).public("/health").modes([]),
    ] {
        assert_eq!(attack.run().await.problems(), [Problem::NothingAttacked]);
    }
}

#[tokio::test]
async fn the_cookie_is_the_one_in_which_the_routes_look() {
    let issuer = TestIssuer::start();
    let deaf = deaf_builder(&issuer).cookie_name("orders-token").build_with_keys(issuer.keys()).unwrap();

    let report = issuer.attack(good_routes(deaf)).public("/health").run().await;

    assert!(report.problems().is_empty(), "{report}");
    assert!(report.findings().iter().any(|finding| finding.mode() == Mode::Cookie), "{report}");
}

#[tokio::test]
async fn an_app_that_does_not_know_the_cookie_shows_nothing_of_cookies() {
    let issuer = TestIssuer::start();
    let verifier = || issuer.verifier_builder().cookie_name("orders-token").build_with_keys(issuer.keys());
    let app = || {
        let layer = VerifyLayer::guarding(verifier().unwrap(), access::signed_in());
        Router::new().route("/orders", get(health)).layer(layer)
    };
    let attack = || issuer.attack_router(app(), ["GET /orders"]);

    let unnamed = attack().run().await;
    let named = attack().cookie_name("orders-token").run().await;
    let bearer_alone = attack().modes([Mode::Bearer]).run().await;

    let answer = Answer::Status(StatusCode::UNAUTHORIZED);
    let (operation, cookie) = ("GET /orders".to_owned(), "__Host-Http-at".to_owned());
    assert_eq!(unnamed.problems(), [Problem::GoodCookieRefused { operation, cookie, answer }]);
    assert!(named.is_closed(), "{named}");
    assert!(bearer_alone.is_closed(), "{bearer_alone}");
    assert!(bearer_alone.requests() < named.requests());
}

#[tokio::test]
async fn a_cookie_that_cannot_be_sent_is_not_refused() {
    let issuer = TestIssuer::start();

    let report = issuer.attack_router(guarded(&issuer), ["GET /orders"]).cookie_name("at\n").run().await;

    assert_eq!(report.problems(), [Problem::Unsendable { operation: "GET /orders".to_owned() }]);
}

#[tokio::test]
async fn a_good_token_of_somebody_else_makes_no_bad_ones() {
    let (issuer, other) = (TestIssuer::start(), TestIssuer::start());
    let good = other.token().mint();

    let report = issuer.attack_router(guarded(&other), ["GET /orders"]).good(good).run().await;

    assert!(matches!(report.problems(), [Problem::NoToken { path, .. }] if path == "/orders"), "{report}");
    assert!(report.to_string().contains("no key has the id"), "{report}");
}

#[tokio::test]
async fn every_method_that_is_open_beside_closed_ones_is_found() {
    let issuer = TestIssuer::start();
    let closed = || get(list).access(access::in_org());
    for (open, name) in [(head(health), "HEAD"), (options(health), "OPTIONS")] {
        let routes =
            Routes::new(issuer.verifier()).route("/orders", closed().and(open.access(access::public())));

        let report = issuer.attack(routes).run().await;

        assert_eq!(operations(&report), [format!("{name} /orders")], "{report}");
    }
}

#[tokio::test]
async fn a_route_that_nobody_has_to_sign_in_for_refuses_bad_tokens_all_the_same() {
    let issuer = TestIssuer::start();
    let routes = |verifier| {
        Routes::new(verifier)
            .route("/news", get(health).access(access::optional()))
            .merge(good_routes(issuer.verifier()))
    };
    let attack = |verifier| issuer.attack(routes(verifier)).public("/health");

    let unnamed = attack(issuer.verifier()).run().await;
    let good = attack(issuer.verifier()).public("/news").run().await;
    let deaf = attack(deaf(&issuer)).public("/news").run().await;

    assert_eq!(unnamed.problems(), [Problem::Open { path: "/news".to_owned() }]);
    assert!(good.is_closed(), "{good}");
    assert_eq!(
        (classes(&deaf), operations(&deaf)),
        (vec!["revoked"], vec!["GET /news".to_owned()]),
        "{deaf}"
    );
}

#[tokio::test]
async fn rights_are_asked_for_where_a_route_asks_for_a_scope() {
    let issuer = TestIssuer::start();
    let requests = async |access| {
        let routes = Routes::new(issuer.verifier()).route("/import", post(create).access(access));
        let machine = issuer.token().machine("importer", "orders:write").mint();
        let report = issuer.attack(routes).good_for("/import", machine).run().await;
        assert!(report.is_closed(), "{report}");
        report.requests()
    };

    let (without, with) = (requests(access::client()).await, requests(access::scope("orders:write")).await);

    assert_eq!(with - without, 4, "two cases, in two modes");
}

#[tokio::test]
async fn an_operation_that_should_ask_for_a_role_and_does_not_is_found() {
    let issuer = TestIssuer::start();
    let attack = || issuer.attack_router(guarded(&issuer), ["GET /orders"]);

    let report = attack().asks_for_rights("GET /orders").run().await;
    assert_eq!(classes(&report), ["rights"], "{report}");
    for slip in ["GET /ordres", "POST /orders"] {
        let mistyped = attack().asks_for_rights(slip).run().await;
        assert_eq!(mistyped.problems(), [Problem::NoSuchPath { path: slip.to_owned() }]);
    }
}

#[tokio::test]
async fn a_method_that_a_path_of_a_table_does_not_have_asks_for_nothing() {
    let issuer = TestIssuer::start();
    let attack = || issuer.attack(good_routes(issuer.verifier())).public("/health");

    let report = attack().asks_for_rights("DELETE /orders").run().await;

    assert_eq!(report.problems(), [Problem::NoSuchPath { path: "DELETE /orders".to_owned() }], "{report}");
}

#[tokio::test]
async fn a_token_in_the_query_stands_beside_what_is_there_already() {
    /// Takes a token from the query, where logs and histories keep it.
    async fn careless(request: Request) -> Response {
        let mut members = request.uri().query().unwrap_or_default().split('&');
        let is_there = members.any(|member| member.starts_with("access_token="));
        let header = request.headers().get("authorization");
        let is_good = header.is_some_and(|value| value.to_str().is_ok_and(|value| value.len() > 100));
        if is_there || is_good { "orders".into_response() } else { StatusCode::UNAUTHORIZED.into_response() }
    }
    let issuer = TestIssuer::start();
    let app = Router::new().route("/orders", get(careless));

    let report = issuer.attack_router(app, ["GET /orders?status=open"]).modes([Mode::Bearer]).run().await;

    assert!(report.findings().iter().any(|finding| finding.case().name() == "transport/query"), "{report}");
}
