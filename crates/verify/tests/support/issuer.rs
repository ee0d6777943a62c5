use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use handstamp_token::{KeySet, SigningKey};
use serde_json::json;

/// A real HTTP server on this machine that publishes metadata and keys, or fails to.
pub(crate) struct Issuer {
    pub(crate) url: String,
    state: Arc<IssuerState>,
}

struct IssuerState {
    url: String,
    behaviour: Mutex<Behaviour>,
    keys: Mutex<KeySet>,
    key_fetches: AtomicUsize,
    requests: AtomicUsize,
    paths: Mutex<HashSet<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Healthy,
    /// Answers 503 to everything.
    Down,
    /// Answers after this time.
    Slow(Duration),
    /// Sends a JWK Set without end, without saying how long.
    Huge,
    /// Answers with something else than JSON.
    Garbage,
    /// Publishes metadata of another issuer.
    OtherIssuer,
    /// Sends whoever asks for keys elsewhere.
    Redirecting,
    /// Publishes a set with no key in it.
    Empty,
    /// Has OpenID's document only.
    OpenIdOnly,
}

impl Issuer {
    pub(crate) async fn start(keys: &[&SigningKey]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(IssuerState {
            url: url.clone(),
            behaviour: Mutex::new(Behaviour::Healthy),
            keys: Mutex::new(super::key_set(keys)),
            key_fetches: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            paths: Mutex::default(),
        });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, state }
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.state.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = behaviour;
    }

    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        *self.state.keys.lock().unwrap_or_else(PoisonError::into_inner) = super::key_set(keys);
    }

    /// How often keys were asked for.
    pub(crate) fn key_fetches(&self) -> usize {
        self.state.key_fetches.load(Ordering::SeqCst)
    }

    /// Whether this path was ever asked for.
    pub(crate) fn asked_for(&self, path: &str) -> bool {
        self.state.paths.lock().unwrap_or_else(PoisonError::into_inner).contains(path)
    }

    /// How often anything was asked for.
    pub(crate) fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }
}

async fn answer(State(state): State<Arc<IssuerState>>, uri: Uri) -> Response {
    let behaviour = state.behaviour.lock().unwrap_or_else(PoisonError::into_inner).clone();
    state.requests.fetch_add(1, Ordering::SeqCst);
    state.paths.lock().unwrap_or_else(PoisonError::into_inner).insert(uri.path().to_owned());
    let is_keys = uri.path() == "/jwks";
    if is_keys {
        state.key_fetches.fetch_add(1, Ordering::SeqCst);
    }
    match behaviour {
        Behaviour::Down => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Behaviour::Slow(delay) => tokio::time::sleep(delay).await,
        Behaviour::Huge if is_keys => {
            let chunks = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 16 * 1024]));
            return Body::from_stream(chunks).into_response();
        }
        Behaviour::Garbage => return "<html>it works!</html>".into_response(),
        Behaviour::Redirecting if is_keys => return Redirect::temporary("/elsewhere").into_response(),
        Behaviour::Empty if is_keys => return json!({"keys": []}).to_string().into_response(),
        Behaviour::OpenIdOnly if uri.path() == "/.well-known/oauth-authorization-server" => {
            return StatusCode::NOT_FOUND.into_response();
        }
        _ => {}
    }
    let issuer = if behaviour == Behaviour::OtherIssuer { "https://evil.example" } else { &state.url };
    match uri.path() {
        "/.well-known/oauth-authorization-server" | "/.well-known/openid-configuration" => {
            json!({"issuer": issuer, "jwks_uri": format!("{}/jwks", state.url)}).to_string().into_response()
        }
        "/jwks" | "/elsewhere" => {
            let keys = state.keys.lock().unwrap_or_else(PoisonError::into_inner).to_jwks();
            serde_json::to_string(&keys).unwrap().into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
