use bytes::Bytes;
use handstamp_verify::csrf::AllowedOrigins;
use handstamp_verify::{Principal, Verifier, VerifyLayer, access};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{HandClock, KEY, ada, bob, builder, key_set, signed, verifier};

type Reply = Response<Full<Bytes>>;

/// Sends a request through the layer to a service that answers with the caller's name.
async fn send(layer: VerifyLayer, request: Request<()>) -> (StatusCode, String) {
    let whoami = service_fn(|request: Request<()>| async move {
        let name = request.extensions().get::<Principal>().map_or("nobody", |caller| caller.sub()).to_owned();
        Ok::<Reply, std::convert::Infallible>(Response::new(Full::from(name)))
    });
    let reply = layer.layer(whoami).oneshot(request).await.unwrap();
    let (parts, body) = reply.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    if parts.status == StatusCode::OK {
        return (parts.status, body);
    }
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    (parts.status, problem["code"].as_str().unwrap().to_owned())
}

fn request(method: &str, headers: &[(&str, &str)]) -> Request<()> {
    let mut builder = Request::builder().method(method).uri("/orders");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap()
}

fn cookie(token: &str) -> String {
    format!("__Host-Http-at={token}")
}

#[tokio::test]
async fn a_cookie_and_a_bearer_token_are_both_good() {
    let token = signed(ada());

    let by_cookie = send(VerifyLayer::new(verifier()), request("GET", &[("cookie", &cookie(&token))])).await;
    let bearer = format!("Bearer {token}");
    let by_bearer = send(VerifyLayer::new(verifier()), request("POST", &[("authorization", &bearer)])).await;

    assert_eq!(by_cookie, (StatusCode::OK, "ada".to_owned()));
    assert_eq!(by_bearer, (StatusCode::OK, "ada".to_owned()));
}

#[tokio::test]
async fn no_credentials_pass_as_nobody_unless_the_rule_asks_for_somebody() {
    let open = send(VerifyLayer::new(verifier()), request("GET", &[])).await;
    let guarded = VerifyLayer::guarding(verifier(), access::signed_in());
    let closed = send(guarded, request("GET", &[])).await;

    assert_eq!(open, (StatusCode::OK, "nobody".to_owned()));
    assert_eq!(closed, (StatusCode::UNAUTHORIZED, "token_missing".to_owned()));
}

#[tokio::test]
async fn invalid_credentials_are_never_let_through_as_nobody() {
    let forged = format!("Bearer {}x", signed(ada()));

    let reply = send(VerifyLayer::new(verifier()), request("GET", &[("authorization", &forged)])).await;

    assert_eq!(reply.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_principal_that_was_in_the_request_before_does_not_count() {
    let mut forged = request("GET", &[]);
    forged.extensions_mut().insert(verifier().try_verify(&signed(ada())).unwrap());

    let reply = send(VerifyLayer::new(verifier()), forged).await;

    assert_eq!(reply, (StatusCode::OK, "nobody".to_owned()));
}

#[tokio::test]
async fn an_unsafe_request_with_a_cookie_must_come_from_an_allowed_origin() {
    let token = cookie(&signed(ada()));
    let with_origins = || -> Verifier {
        let origins = AllowedOrigins::new(["https://app.example"]).unwrap();
        builder(&HandClock::new()).allowed_origins(origins).build_with_keys(key_set(&[&KEY])).unwrap()
    };
    let post = |origin: &str| request("POST", &[("cookie", &token), ("origin", origin)]);

    let ours = send(VerifyLayer::new(with_origins()), post("https://app.example")).await;
    let foreign = send(VerifyLayer::new(with_origins()), post("https://evil.example")).await;

    assert_eq!(ours, (StatusCode::OK, "ada".to_owned()));
    assert_eq!(foreign, (StatusCode::FORBIDDEN, "csrf_rejected".to_owned()));
}

#[tokio::test]
async fn a_public_route_does_not_look_at_credentials() {
    let layer = VerifyLayer::guarding(verifier(), access::public());

    let reply = send(layer, request("POST", &[("cookie", "__Host-Http-at=long-expired")])).await;

    assert_eq!(reply, (StatusCode::OK, "nobody".to_owned()));
}

#[tokio::test]
async fn a_route_that_always_checks_the_origin_does_so_without_a_cookie_too() {
    let layer = VerifyLayer::guarding(verifier(), access::public().always_check_origin());

    let foreign = send(layer.clone(), request("POST", &[("sec-fetch-site", "cross-site")])).await;
    let own = send(layer, request("POST", &[("sec-fetch-site", "same-origin")])).await;

    assert_eq!(foreign, (StatusCode::FORBIDDEN, "csrf_rejected".to_owned()));
    assert_eq!(own.0, StatusCode::OK);
}

#[tokio::test]
async fn rules_add_up() {
    let guarded = |access| VerifyLayer::guarding(verifier(), access);
    let by = |token: &str| request("GET", &[("authorization", &format!("Bearer {token}"))]);
    let (ada, bob) = (signed(ada()), signed(bob()));

    let buyer_in_org = access::in_org().role("buyer");
    assert_eq!(send(guarded(buyer_in_org.clone()), by(&ada)).await.0, StatusCode::OK);
    assert_eq!(send(guarded(buyer_in_org.role("admin")), by(&ada)).await.1, "role_required");
    assert_eq!(send(guarded(access::in_org()), by(&bob)).await.1, "org_mismatch");
    assert_eq!(send(guarded(access::any_role(["admin", "buyer"])), by(&ada)).await.0, StatusCode::OK);
    let recent = access::signed_in().signed_in_within(std::time::Duration::from_mins(5));
    assert_eq!(send(guarded(recent), by(&ada)).await.1, "step_up_required");
}

#[test]
fn rules_read_like_english() {
    let rule =
        access::in_org().any_role(["admin", "buyer"]).signed_in_within(std::time::Duration::from_mins(5));

    assert_eq!(
        rule.to_string(),
        "signed in, role admin or buyer, in an organisation, signed in within 300 s"
    );
    assert_eq!(access::public().to_string(), "public");
}
