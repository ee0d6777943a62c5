//! The source of tokens against an endpoint that writes down what it is asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use handstamp_token::{Algorithm, KeySet, NoClaims, SigningKey, UnixTime, Validator};
use handstamp_verify::revocation::ClientSecret;
use handstamp_verify::token_source::{ClientCredentials, TokenSource, TokenSourceError};
use handstamp_verify::{Clock, SystemClock};
use http::StatusCode;
use serde_json::{Value, json};

type Form = BTreeMap<String, String>;
/// What stood in `Authorization`, and the form.
type Asked = (Option<String>, Form);

#[derive(Clone)]
struct Endpoint {
    asked: Arc<Mutex<Vec<Asked>>>,
    answer: (StatusCode, Value),
}

impl Endpoint {
    /// Serves one answer to whoever asks. Returns the issuer's address too.
    async fn answering(status: u16, answer: Value) -> (Self, String) {
        let answer = (StatusCode::from_u16(status).unwrap(), answer);
        let endpoint = Self { asked: Arc::default(), answer };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/oauth2/token", post(token)).with_state(endpoint.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (endpoint, issuer)
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn token(
    State(endpoint): State<Endpoint>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, Json<Value>) {
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let form = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    endpoint.asked.lock().unwrap().push((authorization, form));
    (endpoint.answer.0, Json(endpoint.answer.1))
}

fn good() -> Value {
    json!({ "access_token": "eyJ.x.y", "token_type": "Bearer", "expires_in": 600 })
}

fn source(issuer: &str) -> TokenSource {
    let credentials = ClientCredentials::secret("orders", ClientSecret::new("hcs_s"));
    TokenSource::builder(issuer, credentials).build().unwrap()
}

fn form(pairs: &[(&str, &str)]) -> Form {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn rfc8693_a_users_token_is_exchanged_once() {
    let (endpoint, issuer) = Endpoint::answering(200, good()).await;
    let source = source(&issuer);

    let token = source.on_behalf_of("the users token", "profiles").await.unwrap();
    source.on_behalf_of("the users token", "profiles").await.unwrap();

    assert_eq!(token.authorization().to_str().unwrap(), "Bearer eyJ.x.y");
    assert!(token.authorization().is_sensitive());
    let expected = form(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("audience", "profiles"),
        ("subject_token", "the users token"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
    ]);
    assert_eq!(endpoint.asked(), [(Some("Basic b3JkZXJzOmhjc19z".to_owned()), expected)]);
    source.on_behalf_of("another users token", "profiles").await.unwrap();
    assert_eq!(endpoint.asked().len(), 2, "each user has a token of their own");
}

#[tokio::test]
async fn rfc6749_a_token_of_its_own_is_asked_for_by_audience_and_scope() {
    let (endpoint, issuer) = Endpoint::answering(200, good()).await;
    let source = source(&issuer);

    source.own("billing", "invoices:read").await.unwrap();
    source.own("billing", "").await.unwrap();

    let with =
        form(&[("grant_type", "client_credentials"), ("audience", "billing"), ("scope", "invoices:read")]);
    let without = form(&[("grant_type", "client_credentials"), ("audience", "billing")]);
    assert_eq!(endpoint.asked().into_iter().map(|(_, form)| form).collect::<Vec<_>>(), [with, without]);
}

#[tokio::test]
async fn rfc7523_a_client_with_a_key_signs() {
    let (endpoint, issuer) = Endpoint::answering(200, good()).await;
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let keys = KeySet::new([key.verifying_key()]).unwrap();
    let credentials = ClientCredentials::private_key("orders", key);

    TokenSource::builder(&issuer, credentials).build().unwrap().own("billing", "").await.unwrap();

    let (authorization, form) = endpoint.asked().remove(0);
    assert_eq!(authorization, None);
    assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let validator = Validator::client_assertion("orders", issuer, &[Algorithm::EdDsa]).unwrap();
    let now: UnixTime = SystemClock.now();
    validator.verify::<NoClaims>(&form["client_assertion"], &keys, now).unwrap();
}

#[tokio::test]
async fn a_refusal_says_whose_fault_it_is() {
    let refusal = |error: &str| json!({ "error": error, "error_description": "because" });
    let because = || "because".to_owned();
    let client =
        |error: &str| TokenSourceError::ClientRefused { error: error.to_owned(), description: because() };

    for (status, error, on_behalf, own) in [
        (
            400,
            "invalid_request",
            TokenSourceError::SubjectRefused { description: because() },
            client("invalid_request"),
        ),
        (400, "invalid_target", client("invalid_target"), client("invalid_target")),
        (401, "invalid_client", client("invalid_client"), client("invalid_client")),
    ] {
        let (_, issuer) = Endpoint::answering(status, refusal(error)).await;
        let source = source(&issuer);
        assert_eq!(source.on_behalf_of("the users token", "profiles").await, Err(on_behalf));
        assert_eq!(source.own("billing", "").await, Err(own));
    }
}

#[tokio::test]
async fn an_auth_service_that_is_away_or_busy_is_no_refusal() {
    for status in [429, 500, 503] {
        let (_, issuer) = Endpoint::answering(status, json!({ "code": "unavailable" })).await;
        let refused = source(&issuer).own("billing", "").await;
        assert!(matches!(refused, Err(TokenSourceError::Unavailable { .. })), "{status}: {refused:?}");
    }
    let nobody = source("http://127.0.0.1:1").own("billing", "").await;
    assert!(matches!(nobody, Err(TokenSourceError::Unavailable { .. })), "{nobody:?}");
}

#[tokio::test]
async fn an_answer_that_is_none_is_refused() {
    for (status, answer) in [
        (200, json!({ "hello": "world" })),
        (200, json!({ "access_token": "x", "token_type": "DPoP", "expires_in": 1 })),
        (200, json!({ "access_token": "x\r\nX-Evil: 1", "token_type": "Bearer", "expires_in": 1 })),
        (404, json!("not here")),
        (302, json!({})),
    ] {
        let (_, issuer) = Endpoint::answering(status, answer.clone()).await;
        let refused = source(&issuer).own("billing", "").await;
        assert!(matches!(refused, Err(TokenSourceError::Answer { .. })), "{answer}: {refused:?}");
    }
}
