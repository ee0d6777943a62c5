use axum::Router;
use axum::body::Body;
use axum::routing::{any, get, post};
use handstamp_verify::axum::{Declare, Routes};
use handstamp_verify::{OrgScope, Principal, VerifyLayer, access};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde::Deserialize;
use tower::ServiceExt;

use crate::support::{ada, bob, signed, verifier};

#[derive(Clone, Deserialize)]
struct Plan {
    plan: String,
}

async fn open() -> &'static str {
    "open"
}

async fn caller(caller: Principal) -> String {
    caller.sub().to_owned()
}

async fn guest(caller: Option<Principal>) -> String {
    caller.map_or("guest".to_owned(), |caller| caller.sub().to_owned())
}

async fn plan(caller: Principal<Plan>) -> String {
    caller.claims().plan.clone()
}

async fn org(scope: OrgScope) -> String {
    scope.org_id().to_owned()
}

fn routes() -> Routes {
    Routes::new(verifier())
        .route("/open", get(open).access(access::public()))
        .route("/me", get(caller).access(access::signed_in()).and(post(caller).access(access::role("admin"))))
        .route("/guest", get(guest).access(access::optional()))
        .route("/plan", get(plan).access(access::signed_in()))
        .route("/org", get(org).access(access::signed_in()))
        .route("/forgotten", get(open))
        .route("/half", get(open).access(access::public()).and(post(open)))
        .route("/any", any(open).access(access::signed_in()))
        .route("/any-forgotten", any(open))
}

async fn send(router: Router, method: Method, path: &str, token: Option<&str>) -> (u16, String) {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let reply = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = reply.status();
    let body = String::from_utf8(reply.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    if status == StatusCode::OK {
        return (200, body);
    }
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    (status.as_u16(), problem["code"].as_str().unwrap().to_owned())
}

async fn call(method: Method, path: &str, token: Option<&str>) -> (u16, String) {
    send(routes().into_router(), method, path, token).await
}

fn reply(status: u16, text: &str) -> (u16, String) {
    (status, text.to_owned())
}

#[tokio::test]
async fn a_declared_route_asks_for_what_it_declares() {
    let token = signed(ada());

    assert_eq!(call(Method::GET, "/open", None).await, reply(200, "open"));
    assert_eq!(call(Method::GET, "/me", None).await, reply(401, "token_missing"));
    assert_eq!(call(Method::GET, "/me", Some(&token)).await, reply(200, "ada"));
    assert_eq!(call(Method::GET, "/any", None).await, reply(401, "token_missing"));
    assert_eq!(call(Method::DELETE, "/any", Some(&token)).await, reply(200, "open"));
}

#[tokio::test]
async fn each_method_has_a_rule_of_its_own() {
    assert_eq!(call(Method::POST, "/me", Some(&signed(ada()))).await, reply(403, "role_required"));
}

#[tokio::test]
async fn a_route_that_declares_nothing_is_closed_to_everybody() {
    let token = signed(ada());

    for (method, path) in [
        (Method::GET, "/forgotten"),
        (Method::HEAD, "/forgotten"),
        (Method::POST, "/half"),
        (Method::GET, "/any-forgotten"),
        (Method::DELETE, "/any-forgotten"),
    ] {
        if method != Method::HEAD {
            assert_eq!(
                call(method.clone(), path, Some(&token)).await,
                reply(403, "not_declared"),
                "{method} {path}"
            );
        }
        let router = routes().into_router();
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        assert_eq!(router.oneshot(request).await.unwrap().status(), StatusCode::FORBIDDEN);
    }
    assert_eq!(call(Method::GET, "/half", None).await, reply(200, "open"));
}

#[test]
fn the_table_knows_which_routes_are_closed() {
    let routes = routes().merge(Routes::new(verifier()).route("/other", get(open)));

    assert_eq!(routes.undeclared(), ["/forgotten", "/half", "/any-forgotten", "/other"]);
    let declared: Vec<_> = routes.declared().map(|(path, access)| format!("{path}: {access}")).collect();
    assert_eq!(declared[..3], ["/open: public", "/me: signed in", "/me: signed in, role admin"]);
    assert_eq!(routes.cookie_name(), handstamp_verify::DEFAULT_COOKIE_NAME);
    assert!(access::optional().verifies_credentials() && !access::public().verifies_credentials());
    assert_eq!(access::client().scope("a").scope("b").scopes().collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn an_optional_caller_may_be_absent_but_not_invalid() {
    assert_eq!(call(Method::GET, "/guest", None).await, reply(200, "guest"));
    assert_eq!(call(Method::GET, "/guest", Some(&signed(bob()))).await, reply(200, "bob"));
    assert_eq!(call(Method::GET, "/guest", Some("garbage")).await, reply(401, "token_malformed"));
}

#[tokio::test]
async fn custom_claims_arrive_in_the_handlers_type() {
    assert_eq!(
        call(Method::GET, "/plan", Some(&signed(ada().claim("plan", "gold")))).await,
        reply(200, "gold")
    );
    assert_eq!(call(Method::GET, "/plan", Some(&signed(ada()))).await, reply(401, "token_invalid"));
}

#[tokio::test]
async fn an_organisation_scope_needs_an_organisation() {
    assert_eq!(call(Method::GET, "/org", Some(&signed(ada()))).await, reply(200, "acme"));
    assert_eq!(call(Method::GET, "/org", Some(&signed(bob()))).await, reply(403, "org_mismatch"));
}

#[tokio::test]
async fn without_the_layer_nobody_is_signed_in() {
    let token = signed(ada());
    for path in ["/me", "/guest", "/org"] {
        let bare =
            Router::new().route("/me", get(caller)).route("/guest", get(guest)).route("/org", get(org));

        assert_eq!(send(bare, Method::GET, path, Some(&token)).await, reply(401, "token_missing"), "{path}");
    }
}

#[tokio::test]
async fn a_public_route_whose_handler_asks_for_a_caller_refuses() {
    let router = Routes::new(verifier()).route("/me", get(caller).access(access::public())).into_router();

    assert_eq!(send(router, Method::GET, "/me", Some(&signed(ada()))).await, reply(401, "token_missing"));
}

#[tokio::test]
async fn the_plain_layer_works_on_a_plain_router() {
    let router = Router::new().route("/me", get(caller)).layer(VerifyLayer::new(verifier()));

    assert_eq!(send(router.clone(), Method::GET, "/me", Some(&signed(ada()))).await, reply(200, "ada"));
    assert_eq!(send(router, Method::GET, "/me", None).await, reply(401, "token_missing"));
}
