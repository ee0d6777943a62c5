//! What a test does to the issuer: everything below `/dev/`.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, Query, Request, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};
use handstamp_api_types::{ErrorCode, PROBLEM_JSON, Problem};
use handstamp_token::{KeyId, dangerous};
use handstamp_verify::DEFAULT_COOKIE_NAME;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::recipe::{Mode, Severity, carried};
use crate::{InvalidToken, TestIssuer, TestToken};

/// A refusal of ours, in the form in which every Handstamp service refuses.
pub(super) struct Refused(pub(super) ErrorCode, pub(super) String);

type Asked<T> = Result<Json<T>, JsonRejection>;

/// What is asked for where all of it may be left out: JSON, or no body at all.
pub(super) struct Wished<T>(T);

/// `POST /dev/tokens`: what [`TestToken`] has, as JSON. All of it may be left out.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TokenRequest {
    sub: Option<String>,
    roles: Vec<String>,
    org_id: Option<String>,
    sid: Option<String>,
    client_id: Option<String>,
    scope: Option<String>,
    audience: Option<Names>,
    /// In seconds; a negative number makes a token that has expired.
    expires_in: Option<i64>,
    /// In seconds.
    issued_ago: Option<u64>,
    claims: Map<String, Value>,
    without: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    All(Vec<String>),
}

#[derive(Serialize)]
pub(super) struct TokenReply {
    access_token: String,
    token_type: &'static str,
    claims: Value,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct InvalidRequest {
    /// A good token that the service lets in. Default: one with the role `admin` in the organisation `acme`.
    token: Option<String>,
    mode: Option<Mode>,
    cookie: Option<String>,
}

#[derive(Serialize)]
pub(super) struct InvalidReply {
    good: String,
    /// What carries the good one, where it is to be let in before refusals show anything.
    good_headers: Vec<(String, String)>,
    invalid: Vec<Invalid>,
    left_out: Vec<LeftOut>,
}

#[derive(Serialize)]
struct Invalid {
    name: &'static str,
    class: &'static str,
    title: &'static str,
    why: &'static str,
    fix: &'static str,
    severity: Severity,
    status: u16,
    also: Vec<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    token: String,
    headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    unsafe_method: bool,
    role: bool,
}

#[derive(Serialize)]
struct LeftOut {
    name: &'static str,
    because: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeRequest {
    /// A token whose `jti` is revoked, or `level` and `value`.
    token: Option<String>,
    level: Option<RevocationLevel>,
    #[serde(default)]
    value: String,
    #[serde(default = "dead")]
    kind: RevocationKind,
}

fn dead() -> RevocationKind {
    RevocationKind::Dead
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MoveRequest {
    /// In seconds; may be negative.
    advance: i64,
}

/// `POST /dev/tokens`: makes a token.
pub(super) async fn mint(
    State(issuer): State<TestIssuer>,
    Wished(asked): Wished<TokenRequest>,
) -> Result<Json<TokenReply>, Refused> {
    let token = asked.onto(issuer.token()).try_mint();
    let token = token.map_err(|problem| Refused(ErrorCode::ValidationFailed, problem.to_string()))?;
    let decoded = dangerous::decode_unverified(&token).map_err(|problem| invalid(&problem))?;
    let claims = serde_json::from_str(&decoded.unverified_payload).unwrap_or_default();
    Ok(Json(TokenReply { access_token: token, token_type: "Bearer", claims }))
}

/// `GET /dev/invalid-tokens?mode=&cookie=`: bad tokens of a good one that is made for it.
pub(super) async fn invalid_tokens(
    State(issuer): State<TestIssuer>,
    asked: Result<Query<InvalidRequest>, QueryRejection>,
) -> Result<Json<InvalidReply>, Refused> {
    let asked = asked.map_err(|rejection| Refused(ErrorCode::ValidationFailed, rejection.body_text()))?;
    reply(&issuer, asked.0)
}

/// `POST /dev/invalid-tokens`: bad tokens of the good one that is shown.
pub(super) async fn invalid_tokens_like(
    State(issuer): State<TestIssuer>,
    Wished(asked): Wished<InvalidRequest>,
) -> Result<Json<InvalidReply>, Refused> {
    reply(&issuer, asked)
}

fn reply(issuer: &TestIssuer, asked: InvalidRequest) -> Result<Json<InvalidReply>, Refused> {
    let mode = asked.mode.unwrap_or(Mode::Bearer);
    let cookie = asked.cookie.as_deref().unwrap_or(DEFAULT_COOKIE_NAME);
    let good = asked.token.unwrap_or_else(|| issuer.token().role("admin").org("acme").mint());
    let set = issuer.set_of_invalid(&good).map_err(|problem| invalid(&problem))?;
    let tokens = set.tokens.iter().filter(|bad| bad.case().is_for_mode(mode));
    let invalid = tokens.map(|bad| Invalid::of(bad, mode, cookie)).collect();
    let left_out = set.left_out.into_iter();
    let left_out =
        left_out.map(|(case, missing)| LeftOut { name: case.name(), because: missing.to_string() });
    let good_headers = carried(&good, mode, cookie);
    Ok(Json(InvalidReply { good, good_headers, invalid, left_out: left_out.collect() }))
}

/// `POST /dev/revocations`: takes tokens back. Answers when everybody has been told who listens to the feed.
pub(super) async fn revoke(
    State(issuer): State<TestIssuer>,
    asked: Asked<RevokeRequest>,
) -> Result<Json<Value>, Refused> {
    let Json(asked) = asked?;
    let rev = match (asked.token, asked.level) {
        (Some(token), None) => issuer.revoke_token(&token).map_err(|problem| invalid(&problem))?,
        (None, Some(level)) => {
            if (level == RevocationLevel::All) != asked.value.is_empty() {
                return Err(Refused(
                    ErrorCode::ValidationFailed,
                    "\"value\" says whom it hits; with the level \"all\" there is none".to_owned(),
                ));
            }
            issuer.revoke(level, &asked.value, asked.kind)
        }
        _ => {
            let detail = "send either \"token\", or \"level\" and \"value\"".to_owned();
            return Err(Refused(ErrorCode::ValidationFailed, detail));
        }
    };
    Ok(Json(json!({ "rev": rev })))
}

/// `GET /dev/clock`: what time the issuer says it is.
pub(super) async fn clock(State(issuer): State<TestIssuer>) -> Json<Value> {
    Json(json!({ "now": issuer.now() }))
}

/// `POST /dev/clock`: moves the clock by so many seconds. The clocks of services do not move with it.
pub(super) async fn move_clock(
    State(issuer): State<TestIssuer>,
    asked: Asked<MoveRequest>,
) -> Result<Json<Value>, Refused> {
    issuer.shift_clock(asked?.0.advance);
    Ok(Json(json!({ "now": issuer.now() })))
}

/// `POST /dev/keys/rotate`: signs with a new key from now on.
pub(super) async fn rotate_key(State(issuer): State<TestIssuer>) -> Json<Value> {
    let kid: KeyId = issuer.rotate_key().key_id().clone();
    Json(json!({ "kid": kid }))
}

/// `GET /dev/keys/private`: the signing key, which is worth nothing outside this test.
pub(super) async fn private_key(State(issuer): State<TestIssuer>) -> Json<Value> {
    let key = issuer.signing_key();
    let der = key.to_private_der();
    Json(if key.algorithm().is_symmetric() {
        json!({ "alg": key.algorithm(), "kid": key.key_id(), "secret": URL_SAFE_NO_PAD.encode_to_string(&*der) })
    } else {
        let body = STANDARD.encode_to_string(&*der);
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        json!({ "alg": key.algorithm(), "kid": key.key_id(), "pem": pem })
    })
}

/// `GET /dev/requests`: how often each path was asked for.
pub(super) async fn requests(State(issuer): State<TestIssuer>) -> Json<BTreeMap<String, u64>> {
    Json(issuer.inner().http.requests())
}

/// Everything else.
pub(super) async fn not_found(uri: Uri) -> Refused {
    Refused(ErrorCode::NotFound, format!("there is no {} here; GET / says what there is", uri.path()))
}

/// Another method than the path has.
pub(super) async fn not_that_way(method: Method, uri: Uri) -> Refused {
    let detail = format!("{} does not take {method}; GET / says what there is", uri.path());
    Refused(ErrorCode::MethodNotAllowed, detail)
}

impl TokenRequest {
    fn onto(self, token: TestToken) -> TestToken {
        let mut token = token.roles(self.roles);
        let texts = [
            ("sub", self.sub),
            ("org_id", self.org_id),
            ("sid", self.sid),
            ("client_id", self.client_id),
            ("scope", self.scope),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                token = token.claim(name, text);
            }
        }
        token = match self.audience {
            Some(Names::One(one)) => token.audience(one),
            Some(Names::All(all)) => all.into_iter().fold(token, TestToken::audience),
            None => token,
        };
        if let Some(seconds) = self.expires_in {
            token = token.expires_in_seconds(seconds);
        }
        // One that has expired was issued before that.
        let age = self.issued_ago.or(self
            .expires_in
            .filter(|lifetime| *lifetime < 0)
            .map(|lifetime| lifetime.unsigned_abs().saturating_mul(2)));
        if let Some(age) = age {
            token = token.issued_ago(Duration::from_secs(age));
        }
        token = self.claims.into_iter().fold(token, |token, (name, value)| token.claim(name, value));
        self.without.into_iter().fold(token, TestToken::without)
    }
}

impl Invalid {
    fn of(bad: &InvalidToken, mode: Mode, cookie: &str) -> Self {
        let case = bad.case();
        Self {
            name: case.name(),
            class: case.class().name(),
            title: case.title(),
            why: case.why(),
            fix: case.fix(),
            severity: case.severity(),
            status: case.status(),
            also: case.also().to_vec(),
            code: case.code(),
            token: bad.token().to_owned(),
            headers: bad.headers(mode, cookie),
            query: bad.query(cookie),
            unsafe_method: case.is_for_unsafe_methods(),
            role: case.is_for_roles(),
        }
    }
}

fn invalid(problem: &handstamp_token::Rejection) -> Refused {
    Refused(ErrorCode::ValidationFailed, format!("\"token\": {problem}"))
}

impl<T, S> FromRequest<S> for Wished<T>
where
    T: DeserializeOwned + Default,
    S: Send + Sync,
{
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        let body = Bytes::from_request(Request::new(body), state).await;
        let body = body.map_err(|rejection| Refused(ErrorCode::BodyTooLarge, rejection.body_text()))?;
        if body.is_empty() {
            return Ok(Self(T::default()));
        }
        let Json(wished) = Json::from_request(Request::from_parts(parts, body.into()), state).await?;
        Ok(Self(wished))
    }
}

impl From<JsonRejection> for Refused {
    fn from(rejection: JsonRejection) -> Self {
        let code = match rejection.status() {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ErrorCode::UnsupportedMediaType,
            StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::BodyTooLarge,
            StatusCode::UNPROCESSABLE_ENTITY => ErrorCode::ValidationFailed,
            _ => ErrorCode::BodyMalformed,
        };
        let mut detail = rejection.body_text();
        if code == ErrorCode::UnsupportedMediaType {
            detail += ": with curl, write --json in the place of --data";
        }
        Self(code, detail)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(code, detail) = self;
        let problem = Problem { detail: Some(detail), ..Problem::new(code) };
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], Json(problem)).into_response()
    }
}
