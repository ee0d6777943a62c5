use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use handstamp_token::{Algorithm, KeySet, SigningKey, SystemEntropy, TokenBuilder};
use handstamp_verify::Clock as _;
use serde_json::json;

use super::HandClock;

/// One key for all tests: making keys is slow.
static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Algorithm::Es256).unwrap());

/// An auth service that publishes its key, and refreshes as it is told.
pub(crate) struct Auth {
    pub(crate) url: String,
    state: Arc<Shared>,
}

struct Shared {
    url: String,
    clock: Arc<HandClock>,
    refreshing: Mutex<Refreshing>,
    refreshes: AtomicUsize,
    /// The headers of the refresh that was asked for last.
    last: Mutex<HeaderMap>,
}

/// What becomes of refreshes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refreshing {
    /// New tokens of ten minutes, after this time.
    After(Duration),
    /// The same, by a clock so far behind that they are over already.
    Late,
    /// The session has ended.
    Ended,
    /// The database is away.
    Down,
}

impl Auth {
    pub(super) async fn start(clock: Arc<HandClock>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Shared {
            url: url.clone(),
            clock,
            refreshing: Mutex::new(Refreshing::After(Duration::ZERO)),
            refreshes: AtomicUsize::new(0),
            last: Mutex::default(),
        });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, state }
    }

    pub(crate) fn refreshing(&self, how: Refreshing) {
        *self.state.refreshing.lock().unwrap_or_else(PoisonError::into_inner) = how;
    }

    /// How often somebody wanted to refresh.
    pub(crate) fn refreshes(&self) -> usize {
        self.state.refreshes.load(Ordering::SeqCst)
    }

    pub(crate) fn last_refresh(&self) -> HeaderMap {
        self.state.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn signed(&self, token: TokenBuilder) -> String {
        token.sign(&KEY, self.state.clock.now(), &SystemEntropy).unwrap().into_string()
    }

    fn port(url: &str) -> &str {
        url.rsplit(':').next().unwrap_or_default()
    }
}

async fn answer(State(state): State<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    match uri.path() {
        "/.well-known/jwks.json" => {
            let keys = KeySet::new([KEY.verifying_key()]).unwrap().to_jwks();
            axum::Json(serde_json::to_value(keys).unwrap()).into_response()
        }
        "/auth/refresh" => refresh(&state, headers).await,
        "/auth/echo" => {
            let seen: Vec<_> =
                headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
            let port = Auth::port(&state.url);
            let cookie = format!("__Secure-rt-{port}=new; Path=/auth; Secure; HttpOnly; SameSite=Strict");
            let body = json!({ "method": method.as_str(), "uri": uri.to_string(), "headers": seen });
            ([(header::SET_COOKIE, cookie)], axum::Json(body)).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn refresh(state: &Shared, headers: HeaderMap) -> Response {
    state.refreshes.fetch_add(1, Ordering::SeqCst);
    *state.last.lock().unwrap_or_else(PoisonError::into_inner) = headers;
    let how = *state.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
    let (pause, behind) = match how {
        Refreshing::After(pause) => (pause, Duration::ZERO),
        Refreshing::Late => (Duration::ZERO, Duration::from_hours(1)),
        Refreshing::Down => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Refreshing::Ended => {
            let problem =
                json!({ "status": 401, "code": "session_ended", "title": "The session has ended." });
            let challenge = "Bearer error=\"invalid_token\", error_description=\"session_ended\"";
            return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], axum::Json(problem))
                .into_response();
        }
    };
    tokio::time::sleep(pause).await;
    let token = TokenBuilder::access_token(&state.url, state.url.as_str())
        .subject("ada")
        .client_id("web")
        .lifetime(Duration::from_mins(10))
        .claim("sid", "s1")
        .claim("org_id", "acme")
        .claim("roles", ["buyer"])
        .claim("rev", "1.0")
        .sign(&KEY, state.clock.now().saturating_sub(behind), &SystemEntropy)
        .unwrap()
        .into_string();
    let port = Auth::port(&state.url);
    let mut reply = StatusCode::OK.into_response();
    for line in [
        format!("__Host-Http-at-{port}={token}; Path=/; Secure; HttpOnly; SameSite=Lax"),
        format!("__Secure-rt-{port}=hsr_2; Path=/auth; Secure; HttpOnly; SameSite=Strict"),
        format!("auth_hint-{port}=1.8.x.in; Path=/; Secure; SameSite=Lax"),
    ] {
        reply.headers_mut().append(header::SET_COOKIE, line.parse().unwrap());
    }
    reply
}
