use std::time::Duration;

use handstamp_e2e::browser::{Cookie, Fetch, SameSite};
use http::Method;
use serde_json::{Value, json};

use super::old_app;
use super::server::{client, seen};
use super::stage::{Stage, Visitor, Words};
use crate::revocation::house::{Answer, until_answer};
use crate::support::Reply;

/// The provider is asked at every refresh that comes a second after the one before.
const BRIDGE: Words = Words {
    name: "acme",
    words: &[
        ("create", "true"),
        ("exchange", "\"own_clients\""),
        ("exchange_clients", "[\"old-app\"]"),
        ("session_cookie", "\"old_session\""),
        ("recheck_every", "\"1s\""),
    ],
};

/// Lets the time pass after which the provider is asked again.
async fn until_due() {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
}

/// Exchanges a token as a program does that has no cookies.
async fn exchange(stage: &Stage, token: &str) -> Reply {
    let request = client().post(stage.url("/auth/exchange/acme")).bearer_auth(token);
    let reply = request.json(&json!({ "delivery": "body" })).send().await.expect("it answers");
    let status = reply.status().as_u16();
    Reply { status, body: reply.json().await.unwrap_or_default() }
}

/// Signs somebody in to the old application and exchanges its token; returns both.
async fn moved_over(stage: &Stage, name: &str) -> (String, Value) {
    let token = old_app::session_token(stage, &mut stage.visitor(), name).await;
    let reply = exchange(stage, &token).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    (token, reply.body)
}

async fn refresh(stage: &Stage, tokens: &Value) -> Reply {
    let body = json!({ "refresh_token": tokens["refresh_token"] });
    let reply = client().post(stage.url("/auth/refresh")).header("x-handstamp", "1").json(&body).send().await;
    let reply = reply.expect("it answers");
    let status = reply.status().as_u16();
    Reply { status, body: reply.json().await.unwrap_or_default() }
}

async fn whoami(stage: &Stage, tokens: &Value) -> (u16, Value) {
    let token = tokens["access_token"].as_str().expect("a token");
    let reply = client().get(stage.url("/auth/whoami")).bearer_auth(token).send().await.expect("it answers");
    (reply.status().as_u16(), reply.json().await.unwrap_or_default())
}

#[tokio::test]
async fn a_session_of_the_old_application_becomes_one_that_every_service_verifies() {
    let stage = Stage::with(&BRIDGE);
    let service = stage.service();

    let (_, tokens) = moved_over(&stage, "ann").await;

    let access_token = tokens["access_token"].as_str().expect("a token");
    until_answer(&service, access_token, Answer::Accepted).await;
    let (_, whoami) = whoami(&stage, &tokens).await;
    assert_eq!(whoami["preferred_username"], "ann");
    assert_eq!(whoami["roles"], json!(["buyer", "employee", "reader"]));
}

#[tokio::test]
async fn the_cookie_of_the_old_application_is_enough() {
    let stage = Stage::with(&BRIDGE);
    let mut visitor = stage.visitor();
    let token = old_app::session_token(&stage, &mut visitor, "ann").await;
    plant(&visitor, "old_session", &token);

    let url = stage.url("/auth/exchange/acme");
    let (status, body) = visitor.tab.ask(Method::POST, &url).await;

    assert_eq!(status, 200, "{body}");
    assert_eq!(visitor.name().await.as_deref(), Some("ann"));
}

/// What a page of another site can make a browser do with the old application's cookie: nothing.
#[tokio::test]
async fn no_other_site_moves_a_session_over() {
    let stage = Stage::with(&BRIDGE);
    let mut visitor = stage.visitor();
    let token = old_app::session_token(&stage, &mut visitor, "ann").await;
    plant(&visitor, "old_session", &token);

    let url = stage.url("/auth/exchange/acme");
    let fetch = Fetch::navigation("https://evil.example/", Method::POST, &url).form("");
    let reply = visitor.tab.send(&fetch).await;

    assert_eq!(reply.status(), 403, "{reply:?}");
    assert_eq!(visitor.whoami().await.0, 401);
}

/// The old application's session cookie is rarely as strict as ours.
fn plant(visitor: &Visitor<'_>, name: &str, value: &str) {
    let cookie = Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        domain: "localhost".to_owned(),
        host_only: true,
        path: "/".to_owned(),
        secure: true,
        http_only: true,
        same_site: SameSite::None,
        expires: None,
    };
    visitor.profile.with(|browser| browser.jar.plant(cookie));
}

#[tokio::test]
async fn a_token_that_the_provider_does_not_know_is_refused() {
    let stage = Stage::with(&BRIDGE);

    for token in ["nothing-that-anybody-knows", "a.b.c"] {
        let reply = exchange(&stage, token).await;
        assert_eq!(reply.status, 401, "{reply:?}");
    }
}

#[tokio::test]
async fn a_token_that_was_revoked_is_refused() {
    let stage = Stage::with(&BRIDGE);
    let token = old_app::session_token(&stage, &mut stage.visitor(), "ann").await;
    old_app::revoke(&stage, &token).await;

    assert_eq!(exchange(&stage, &token).await.status, 401);
}

#[tokio::test]
async fn a_session_ends_at_the_next_refresh_after_the_provider_has_ended_it() {
    let stage = Stage::with(&BRIDGE);
    let service = stage.service();
    let (token, tokens) = moved_over(&stage, "ann").await;
    let access_token = tokens["access_token"].as_str().expect("a token");
    until_answer(&service, access_token, Answer::Accepted).await;

    old_app::revoke(&stage, &token).await;
    until_due().await;
    let reply = refresh(&stage, &tokens).await;

    assert_eq!(reply.code(), (401, "session_ended"));
    until_answer(&service, access_token, Answer::Revoked).await;
}

#[tokio::test]
async fn a_session_that_goes_on_there_goes_on_here_with_what_holds_now() {
    let stage = Stage::with(&BRIDGE);
    let (_, tokens) = moved_over(&stage, "ann").await;
    stage.upstream.change("ann", &json!({ "groups": ["buyers"] })).await;

    until_due().await;
    let reply = refresh(&stage, &tokens).await;

    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(whoami(&stage, &reply.body).await.1["roles"], json!(["buyer", "reader"]));
}

/// An outage of the provider is not a sign-out.
#[tokio::test]
async fn a_provider_that_is_away_ends_no_session() {
    let mut stage = Stage::with(&BRIDGE);
    let (_, tokens) = moved_over(&stage, "ann").await;

    stage.upstream.away();
    until_due().await;
    let reply = refresh(&stage, &tokens).await;

    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(whoami(&stage, &reply.body).await.0, 200);
}

/// An application whose tokens nobody has said to be taken could otherwise sign in here as everybody who uses it.
#[tokio::test]
async fn a_token_that_was_issued_to_another_application_is_refused() {
    const STRICT: Words =
        Words { name: "acme", words: &[("create", "true"), ("exchange", "\"own_clients\"")] };
    let stage = Stage::with(&STRICT);
    let token = old_app::session_token(&stage, &mut stage.visitor(), "ann").await;

    assert_eq!(exchange(&stage, &token).await.code(), (401, "token_invalid"));
}

#[tokio::test]
async fn where_nothing_is_said_about_it_no_token_is_exchanged() {
    let stage = Stage::open();
    let token = old_app::session_token(&stage, &mut stage.visitor(), "ann").await;

    assert_eq!(exchange(&stage, &token).await.status, 404);
    let seen = seen(stage.upstream.issuer()).await;
    assert!(seen["POST /token/introspection"].is_null(), "whoever is off asks nobody: {seen}");
}

/// The step in between: the old application calls a service that verifies our tokens by now.
#[tokio::test]
async fn a_service_calls_another_on_behalf_of_somebody_with_an_old_session() {
    let stage = Stage::with(&BRIDGE);
    let add = ["client", "add", "old-orders", "--audience", "profiles", "--exchange", "--json"];
    let added = stage.command(&add).ok().json();
    let secret = added["client_secret"].as_str().expect("a secret");
    let token = old_app::session_token(&stage, &mut stage.visitor(), "ann").await;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
        .append_pair("subject_token", &token)
        .append_pair("subject_token_type", "urn:ietf:params:oauth:token-type:access_token")
        .append_pair("subject_issuer", "acme")
        .append_pair("audience", "profiles")
        .finish();

    let request = client().post(stage.url("/oauth2/token")).basic_auth("old-orders", Some(secret));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let reply: Value = request.send().await.expect("it answers").json().await.expect("JSON");

    let exchanged = reply["access_token"].as_str().unwrap_or_else(|| panic!("{reply}"));
    let claims = claims(exchanged);
    assert_eq!(
        (&claims["aud"], &claims["preferred_username"]),
        (&json!(["profiles"]), &json!("ann")),
        "{claims}"
    );
    assert_eq!(claims["act"], json!({ "sub": "old-orders" }), "{claims}");
}

/// Reads what a token says, without believing it.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    let payload = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(payload).expect("base64url");
    serde_json::from_slice(&payload).expect("JSON")
}
