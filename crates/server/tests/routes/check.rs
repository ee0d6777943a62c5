use handstamp_core::flows::{organizations, users};
use handstamp_core::model::OrgId;

use http::Method;

use crate::support::{APP, AUTH, Kit};

async fn member(kit: &Kit, name: &str, org: &str) -> String {
    let user = kit.user(name).await;
    let now = kit.rules.clock.now();
    let org: OrgId = org.parse().unwrap();
    organizations::add(kit.core(), org.clone(), None, None, now).await.unwrap();
    users::set_org(kit.core(), user.id, Some(org), None, now).await.unwrap();
    kit.tokens(name).await.0
}

/// A service that is asked by a proxy.
async fn behind_proxy() -> Kit {
    Kit::with(&[("server.forward_auth_proxies", "203.0.113.5")]).await
}

#[tokio::test]
async fn it_says_whose_request_it_is() {
    let kit = behind_proxy().await;
    let token = member(&kit, "ann", "acme").await;

    let reply = kit
        .get("/auth/check")
        .cookies(&format!("__Host-Http-at={token}"))
        .header("x-original-method", "GET")
        .send()
        .await
        .expect(200);

    assert_eq!(reply.header("authorization"), format!("Bearer {token}"));
    assert_eq!(reply.header("x-handstamp-username"), "ann");
    assert_eq!(reply.header("x-handstamp-email"), "ann@example.org");
    assert_eq!(reply.header("x-handstamp-roles"), "buyer");
    assert_eq!(reply.header("x-handstamp-org"), "acme");
    assert_ne!(reply.header("x-handstamp-user"), "");
    assert_ne!(reply.header("x-handstamp-session"), "");
    assert_eq!(reply.header("cache-control"), "no-store");
}

/// A script that got into a page can send whatever a proxy sends, and a proxy that merely stands in front passes it on. Its browser hides the
/// cookie from it, and so do we.
#[tokio::test]
async fn nobody_but_a_proxy_that_is_known_to_ask_reads_the_token_of_a_cookie() {
    let kit = Kit::with(&[("server.trusted_proxies", "203.0.113.5")]).await;
    let token = member(&kit, "ann", "acme").await;

    for path in ["/auth/check", "/auth/check/envoy/orders"] {
        let call = kit.get(path).cookies(&format!("__Host-Http-at={token}"));
        let call = call.header("x-original-method", "GET").header("x-forwarded-for", "192.0.2.1");
        let reply = call.send().await.expect(200);

        assert_eq!(reply.header("x-handstamp-username"), "ann", "{path}");
        let told = reply.0.headers().get("authorization").map(http::HeaderValue::as_bytes);
        assert_eq!(told, Some(&b""[..]), "{path}");
    }
}

/// RFC 9700 §4.13: what a client made up must be overwritten, so no header may be missing.
#[tokio::test]
async fn rfc9700_headers_with_nothing_to_say_are_there_and_empty() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    let reply =
        kit.get("/auth/check").bearer(&token).header("x-handstamp-org", "evil").send().await.expect(200);

    assert_eq!(reply.0.headers().get("x-handstamp-org").map(http::HeaderValue::as_bytes), Some(&b""[..]));
}

#[tokio::test]
async fn names_beyond_ascii_are_percent_encoded() {
    let kit = Kit::new().await;
    kit.user("zoë").await;
    let (token, _) = kit.tokens("zoë").await;

    let reply = kit.get("/auth/check").bearer(&token).send().await.expect(200);

    assert_eq!(reply.header("x-handstamp-username"), "zo%C3%AB");
}

#[tokio::test]
async fn roles_and_organisation_can_be_asked_for() {
    let kit = Kit::new().await;
    let token = member(&kit, "ann", "acme").await;
    let ask = async |query: &str| kit.get(&format!("/auth/check{query}")).bearer(&token).send().await;

    ask("?role=buyer").await.expect(200);
    ask("?org=acme").await.expect(200);
    ask("?role=buyer&org=acme").await.expect(200);
    let refused = ask("?role=admin").await.refused(403, "role_required");
    assert_eq!(
        refused.header("www-authenticate"),
        "Bearer error=\"insufficient_scope\", error_description=\"role_required\""
    );
    ask("?role=buyer&role=admin").await.refused(403, "role_required");
    ask("?org=other").await.refused(403, "org_mismatch");
    ask("?org=").await.refused(403, "org_mismatch");
    ask("?role=").await.refused(403, "role_required");
}

#[tokio::test]
async fn a_misspelt_parameter_lets_nobody_in() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    kit.get("/auth/check?rol=admin").bearer(&token).send().await.refused(422, "validation_failed");
}

#[tokio::test]
async fn without_credentials_it_is_401() {
    let kit = Kit::new().await;

    let reply = kit.get("/auth/check").send().await.refused(401, "token_missing");

    assert_eq!(reply.header("x-handstamp-user"), "");
    assert_eq!(reply.header("authorization"), "");
}

#[tokio::test]
async fn an_ended_session_does_not_pass() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    kit.post("/auth/sign-out").bearer(&token).send().await.expect(200);

    kit.get("/auth/check").bearer(&token).send().await.refused(401, "token_revoked");
}

#[tokio::test]
async fn the_method_of_the_request_behind_decides_about_forgery() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    let ask = async |headers: &[(&str, &str)]| {
        let call = kit.get("/auth/check").cookies(&format!("__Host-Http-at={token}"));
        headers.iter().fold(call, |call, (name, value)| call.header(name, *value)).send().await
    };

    ask(&[("x-forwarded-method", "GET"), ("sec-fetch-site", "cross-site")]).await.expect(200);
    ask(&[("x-forwarded-method", "POST"), ("sec-fetch-site", "same-origin")]).await.expect(200);
    ask(&[("x-original-method", "DELETE"), ("sec-fetch-site", "cross-site")])
        .await
        .refused(403, "csrf_rejected");
    ask(&[("x-forwarded-method", "POST"), ("sec-fetch-site", "same-site")])
        .await
        .refused(403, "csrf_rejected");
    ask(&[("x-forwarded-method", "POST")]).await.refused(403, "csrf_rejected");
    ask(&[("x-forwarded-method", "GET"), ("x-original-method", "POST")]).await.refused(403, "csrf_rejected");
}

#[tokio::test]
async fn a_bearer_token_needs_no_origin() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    kit.get("/auth/check").bearer(&token).header("x-forwarded-method", "POST").send().await.expect(200);
}

/// Only what was verified may go on to the service behind: it believes us.
#[tokio::test]
async fn another_scheme_beside_the_cookie_is_overwritten_with_the_verified_token() {
    let kit = behind_proxy().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    let call = kit.get("/auth/check").cookies(&format!("__Host-Http-at={token}"));
    let call = call.header("authorization", "Basic YWRtaW46YWRtaW4=").header("x-forwarded-method", "GET");
    let reply = call.send().await.expect(200);

    assert_eq!(reply.header("authorization"), format!("Bearer {token}"));
}

#[tokio::test]
async fn the_scheme_is_written_one_way_however_it_came() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    let call = kit.get("/auth/check").header("authorization", format!("bearer  {token} "));

    assert_eq!(call.send().await.expect(200).header("authorization"), format!("Bearer {token}"));
}

/// A proxy that was set up without the method must not switch the CSRF rules off.
#[tokio::test]
async fn a_cookie_without_the_original_method_counts_as_an_unsafe_request() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;
    let ask = async |site: &str| {
        let call = kit.get("/auth/check").cookies(&format!("__Host-Http-at={token}"));
        call.header("sec-fetch-site", site).send().await
    };

    let refused = ask("cross-site").await.refused(403, "csrf_rejected");
    assert!(refused.json()["detail"].as_str().unwrap().contains("X-Original-Method"));
    ask("same-origin").await.expect(200);
}

/// Browsers say where a request comes from; a program that says nothing is no page that somebody was lured to.
#[tokio::test]
async fn a_cookie_without_the_original_method_and_without_a_browser_passes() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    kit.get("/auth/check").cookies(&format!("__Host-Http-at={token}")).send().await.expect(200);
}

/// Caddy and Traefik pass a refusal on to the browser as it is.
#[tokio::test]
async fn people_on_their_way_to_a_page_of_ours_are_sent_to_sign_in() {
    let kit = Kit::new().await;
    let host = AUTH.strip_prefix("https://").unwrap();

    let call =
        kit.get("/auth/check").header("sec-fetch-mode", "navigate").header("x-forwarded-method", "GET");
    let call = call.header("x-forwarded-host", host).header("x-forwarded-uri", "/orders");
    let reply = call.send().await.expect(303);

    let way_back = format!("{AUTH}/orders").replace(':', "%3A").replace('/', "%2F");
    assert_eq!(reply.header("location"), format!("{AUTH}/auth/sign-in?return_to={way_back}"));
    assert_eq!(reply.text(), "");
}

#[tokio::test]
async fn a_script_of_an_allowed_origin_can_read_why_it_was_refused() {
    let kit = Kit::new().await;
    let ask = async |origin: &str| kit.get("/auth/check").header("origin", origin).send().await;

    let refused = ask(APP).await.refused(401, "token_missing");
    assert_eq!(refused.header("access-control-allow-origin"), APP);
    assert_eq!(refused.header("access-control-allow-credentials"), "true");
    // Another layer must not say it once more, which browsers take for nothing said.
    let said = refused.0.headers().get_all("access-control-allow-origin").iter().count();
    assert_eq!(said, 1);
    let foreign = ask("https://evil.example").await.refused(401, "token_missing");
    assert_eq!(foreign.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn envoy_shows_the_request_itself_behind_a_prefix() {
    let kit = Kit::new().await;
    let token = member(&kit, "ann", "acme").await;
    let ask = async |method: Method, target: &str, headers: &[(&str, &str)]| {
        let call = kit.call(method, &format!("/auth/check/envoy{target}"));
        let call = call.cookies(&format!("__Host-Http-at={token}"));
        headers.iter().fold(call, |call, (name, value)| call.header(name, *value)).send().await
    };

    let passed = ask(Method::GET, "/orders?role=admin", &[]).await.expect(200);
    assert_eq!(passed.header("x-handstamp-username"), "ann");
    ask(Method::GET, "/", &[]).await.expect(200);
    ask(Method::DELETE, "/orders/7", &[("sec-fetch-site", "same-origin")]).await.expect(200);
    ask(Method::POST, "/orders", &[("sec-fetch-site", "cross-site")]).await.refused(403, "csrf_rejected");
    ask(Method::GET, "/admin", &[("x-handstamp-require", "role=admin")]).await.refused(403, "role_required");
    ask(Method::GET, "/orgs/acme/x", &[("x-handstamp-require", "org_path=/orgs/{org}")]).await.expect(200);
}

/// A server that answers `OPTIONS` by itself would let it pass, with whatever the client says of itself.
#[tokio::test]
async fn an_options_request_that_is_asked_about_is_no_preflight_to_us() {
    let kit = Kit::new().await;

    for path in ["/auth/check/envoy/", "/auth/check/envoy/orders"] {
        let call = kit.call(Method::OPTIONS, path).header("origin", APP);
        let reply = call.header("access-control-request-method", "POST").send().await;

        reply.refused(401, "token_missing");
    }
}

/// A slash too many in a proxy's settings must not look like Envoy asking about a harmless request.
#[tokio::test]
async fn below_the_address_of_the_others_there_is_nothing() {
    let kit = Kit::new().await;
    kit.user("ann").await;
    let (token, _) = kit.tokens("ann").await;

    for path in ["/auth/check/", "/auth/check/orders", "/auth/check/envoy"] {
        kit.get(path).bearer(&token).send().await.refused(404, "not_found");
    }
}
