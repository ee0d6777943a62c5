//! An auth service that issues tokens, shows profiles, and misbehaves on request.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::watch;

/// How long the auth service says that the feed vouches for what it shows.
pub(super) const KEEP: Duration = Duration::from_mins(10);

type Form = BTreeMap<String, String>;
/// Makes another answer of a good one.
pub(super) type Spoil = fn(Response) -> Response;

/// Answers that no auth service gives.
pub(super) const SPOILT: &[(&str, Spoil)] = &[
    ("a page", |_| "<!DOCTYPE html>".into_response()),
    ("a proxy's own 404", |_| StatusCode::NOT_FOUND.into_response()),
    ("a redirect", |_| (StatusCode::FOUND, [("location", "/elsewhere")]).into_response()),
    ("not changed, although nothing is known", |_| StatusCode::NOT_MODIFIED.into_response()),
    ("without a tag", |good| without(good, "etag")),
    ("without a position", |good| without(good, "handstamp-rev")),
    ("without a time to keep it", |good| without(good, "handstamp-keep")),
    ("somebody else's", |good| {
        let (head, _) = good.into_parts();
        let body =
            json!({ "sub": "bob", "preferred_username": "Ada", "roles": [], "active": true, "profile": {} });
        Response::from_parts(head, body.to_string().into())
    }),
    ("too large", |good| {
        let (head, _) = good.into_parts();
        let mut head = head;
        head.headers.remove("content-length");
        Response::from_parts(head, " ".repeat(200 * 1024).into())
    }),
];

fn without(mut good: Response, name: &str) -> Response {
    good.headers_mut().remove(name);
    good
}

#[derive(Clone)]
pub(super) struct AuthService {
    pub(super) issuer: String,
    script: Arc<Mutex<Script>>,
    held: Arc<watch::Sender<bool>>,
}

struct Script {
    users: BTreeMap<String, (Value, u64)>,
    /// Where the log stands for whoever asks now.
    head: u64,
    status: Option<(u16, &'static str)>,
    refused_token: Option<&'static str>,
    spoil: Option<Spoil>,
    asked: usize,
    unchanged: usize,
    elsewhere: usize,
    token_forms: Vec<Form>,
}

impl AuthService {
    /// Starts on a free port. It knows ada.
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let script = Script {
            users: BTreeMap::new(),
            head: 0,
            status: None,
            refused_token: None,
            spoil: None,
            asked: 0,
            unchanged: 0,
            elsewhere: 0,
            token_forms: Vec::new(),
        };
        let (script, held) = (Arc::new(Mutex::new(script)), Arc::new(watch::Sender::new(false)));
        let service = Self { issuer, script, held };
        service.set("ada", Some(json!({ "name": "Ada" })), 0);
        let router = Router::new()
            .route("/oauth2/token", post(token))
            .route("/profiles/{sub}", get(profile))
            .fallback(elsewhere)
            .with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        service
    }

    /// Sets what a user of acme has told, in the unit of work with this number, or removes the user.
    pub(super) fn set(&self, sub: &str, profile: Option<Value>, seq: u64) {
        let mut script = self.script();
        script.head = script.head.max(seq);
        match profile {
            Some(profile) => script.users.insert(sub.to_owned(), (shown("acme", sub, &profile), seq)),
            None => script.users.remove(sub),
        };
    }

    /// Adds a user of another organisation.
    pub(super) fn set_in(&self, org: &str, sub: &str) {
        self.script().users.insert(sub.to_owned(), (shown(org, sub, &json!({})), 0));
    }

    /// Something else was written to the log.
    pub(super) fn moved_on(&self, head: u64) {
        self.script().head = head;
    }

    /// Reads what it is asked for, and keeps the answers until it is told to let go.
    pub(super) fn hold(&self) {
        self.held.send_replace(true);
    }

    pub(super) fn let_go(&self) {
        self.held.send_replace(false);
    }

    pub(super) fn answer_with(&self, status: u16, code: &'static str) {
        self.script().status = Some((status, code));
    }

    pub(super) fn answer_well(&self) {
        self.script().status = None;
    }

    /// Refuses the first token that it issues.
    pub(super) fn refuse_first_token(&self, code: &'static str) {
        self.script().refused_token = Some(code);
    }

    pub(super) fn spoil(&self, spoil: Spoil) {
        self.script().spoil = Some(spoil);
    }

    /// How often it was asked for a profile.
    pub(super) fn asked(&self) -> usize {
        self.script().asked
    }

    /// How often the answer was that nothing has changed.
    pub(super) fn unchanged(&self) -> usize {
        self.script().unchanged
    }

    /// How often it was asked for something else.
    pub(super) fn elsewhere(&self) -> usize {
        self.script().elsewhere
    }

    pub(super) fn token_forms(&self) -> Vec<Form> {
        self.script().token_forms.clone()
    }

    pub(super) async fn until_asked(&self, times: usize) {
        for _ in 0..1000 {
            if self.asked() >= times {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("nobody asks");
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }
}

fn shown(org: &str, sub: &str, profile: &Value) -> Value {
    json!({
        "sub": sub,
        "preferred_username": sub,
        "email": format!("{sub}@example.org"),
        "org_id": org,
        "org_name": "Acme Ltd",
        "roles": ["buyer"],
        "active": true,
        "profile": profile,
    })
}

async fn token(State(service): State<AuthService>, body: String) -> Json<Value> {
    let form = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let mut script = service.script();
    script.token_forms.push(form);
    let token = format!("token-{}", script.token_forms.len());
    Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": 600 }))
}

async fn elsewhere(State(service): State<AuthService>) -> StatusCode {
    service.script().elsewhere += 1;
    StatusCode::IM_A_TEAPOT
}

async fn profile(
    State(service): State<AuthService>,
    Path(sub): Path<String>,
    headers: HeaderMap,
) -> Response {
    let answer = answer(&service, &sub, &headers);
    let mut held = service.held.subscribe();
    held.wait_for(|held| !held).await.unwrap();
    answer
}

fn answer(service: &AuthService, sub: &str, headers: &HeaderMap) -> Response {
    let mut script = service.script();
    script.asked += 1;
    let problem = |status: u16, code: &str| {
        (StatusCode::from_u16(status).unwrap(), Json(json!({ "code": code }))).into_response()
    };
    if let Some((status, code)) = script.status {
        return problem(status, code);
    }
    if let Some(code) = script.refused_token.filter(|_| headers["authorization"] == "Bearer token-1") {
        return problem(401, code);
    }
    let Some((shown, changed_at)) = script.users.get(sub).cloned() else {
        return problem(404, "not_found");
    };
    let tag = format!("\"{changed_at}\"");
    let said = [
        ("etag", tag.clone()),
        ("handstamp-rev", format!("1.{}", script.head)),
        ("handstamp-keep", KEEP.as_secs().to_string()),
    ];
    if headers.get("if-none-match").is_some_and(|known| *known == *tag) {
        script.unchanged += 1;
        return (StatusCode::NOT_MODIFIED, said).into_response();
    }
    let good = (said, Json(shown)).into_response();
    match script.spoil {
        Some(spoil) => spoil(good),
        None => good,
    }
}
