//! A small OpenID provider on this machine, which behaves as it is told to.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use handstamp_core::test_support::FixedClock;
use handstamp_token::{Algorithm, Jwks, KeySet, NoClaims, SigningKey, SystemEntropy, UnixTime, Validator};
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

/// What the service is called there, and its secret.
pub(crate) const CLIENT: &str = "handstamp";
pub(crate) const SECRET: &str = "s9Zr1Jt0Ywq4:Kc7&Nn2=Vb5 Xe8+Mh3%Lg6Pd";

/// The provider. It stops when this is dropped.
pub(crate) struct Upstream {
    pub(crate) issuer: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What it shall do wrong.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wrong {
    /// An answer that has nothing to do with the question, at one of its addresses.
    pub(crate) answer: Option<(&'static str, Answer)>,
    /// How long it takes over every answer.
    pub(crate) slow: Duration,
    /// Claims of the ID token in the place of the right ones; `null` leaves one out.
    pub(crate) id_token: Option<Value>,
    /// Who signs ID tokens.
    pub(crate) signer: Signer,
    /// Members of the metadata in the place of the right ones.
    pub(crate) metadata: Option<Value>,
    /// The `iss` that comes back with people.
    pub(crate) iss: Iss,
    /// Claims of the userinfo answer in the place of the right ones.
    pub(crate) userinfo: Option<Value>,
    /// Members of the introspection answer in the place of the right ones; `null` leaves one out.
    pub(crate) introspection: Option<Value>,
    /// Members of the token answer in the place of the right ones.
    pub(crate) token_answer: Option<Value>,
}

/// An answer that has nothing to do with the question.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Status(u16),
    Never,
    Huge,
    RedirectTo(String),
    Text(&'static str),
}

/// Who an answer says that it is from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Iss {
    #[default]
    Itself,
    Another(&'static str),
    Nobody,
}

/// Who signs ID tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Signer {
    #[default]
    Itself,
    /// A key under the published one's id.
    Stranger,
    /// A key that is not published.
    Unpublished,
    /// The client's secret.
    SharedSecret,
    /// Nobody: `alg` is `none`.
    Nobody,
}

struct Shared {
    issuer: String,
    clock: FixedClock,
    key: Mutex<SigningKey>,
    wrong: Mutex<Wrong>,
    /// How the client has to prove who it is.
    client_key: Mutex<Option<KeySet>>,
    codes: Mutex<HashMap<String, Code>>,
    /// Whose access tokens are whose.
    people: Mutex<HashMap<String, Value>>,
    /// Whose refresh tokens are whose; each is good once.
    refresh_tokens: Mutex<HashMap<String, Value>>,
    /// To which clients it has issued tokens that are sessions of theirs.
    issued_to: Mutex<HashMap<String, String>>,
    asked: Mutex<Vec<String>>,
    forms: Mutex<Vec<HashMap<String, String>>>,
}

/// A code that was handed out: for whom, and what it takes to exchange it.
struct Code {
    person: Value,
    nonce: Option<String>,
    challenge: String,
    redirect_uri: String,
}

impl Upstream {
    pub(crate) async fn start(clock: FixedClock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let issuer = format!("http://{}", listener.local_addr().expect("it listens"));
        let shared = Arc::new(Shared {
            issuer: issuer.clone(),
            clock,
            key: Mutex::new(SigningKey::generate(Algorithm::Es256).expect("a key")),
            wrong: Mutex::default(),
            client_key: Mutex::default(),
            codes: Mutex::default(),
            people: Mutex::default(),
            refresh_tokens: Mutex::default(),
            issued_to: Mutex::default(),
            asked: Mutex::default(),
            forms: Mutex::default(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .route("/introspect", post(introspect))
            .route("/jwks", get(jwks))
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self { issuer, shared, task }
    }

    /// Makes it do something wrong, or everything right again.
    pub(crate) fn wrong(&self, wrong: Wrong) {
        *lock(&self.shared.wrong) = wrong;
    }

    /// Makes it ask clients for assertions that this key has signed.
    pub(crate) fn expects_assertions_of(&self, key: &SigningKey) {
        *lock(&self.shared.client_key) = Some(KeySet::new([key.verifying_key()]).expect("one key"));
    }

    /// Replaces its key, as after a leak.
    pub(crate) fn swaps_keys(&self) {
        *lock(&self.shared.key) = SigningKey::generate(Algorithm::Es256).expect("a key");
    }

    /// Ends every session there: no refresh token is good any more.
    pub(crate) fn ends_sessions(&self) {
        lock(&self.shared.refresh_tokens).clear();
    }

    /// Changes what it says of everybody from now on.
    pub(crate) fn says_now(&self, person: &Value) {
        lock(&self.shared.refresh_tokens).values_mut().for_each(|one| *one = person.clone());
    }

    /// Returns the token by which one of its clients knows somebody.
    pub(crate) fn session_token(&self, client: &str, person: &Value) -> String {
        let token = random();
        lock(&self.shared.people).insert(token.clone(), person.clone());
        lock(&self.shared.issued_to).insert(token.clone(), client.to_owned());
        token
    }

    /// Takes such a token back.
    pub(crate) fn takes_back(&self, token: &str) {
        lock(&self.shared.people).remove(token);
        lock(&self.shared.issued_to).remove(token);
    }

    /// Says something else of the holder of such a token from now on.
    pub(crate) fn says_of(&self, token: &str, person: &Value) {
        lock(&self.shared.people).insert(token.to_owned(), person.clone());
    }

    /// Returns a logout token with these claims beside, or in the place of, the right ones; `null` leaves one out.
    pub(crate) fn logout_token(&self, changes: Value) -> String {
        let now = self.shared.clock.now().as_second();
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "jti": random(), "sid": "there-1",
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        merge(&mut claims, Some(changes));
        let Value::Object(members) = claims else { unreachable!("it is an object") };
        let claims: Map<String, Value> = members.into_iter().filter(|(_, value)| !value.is_null()).collect();
        lock(&self.shared.key).sign("logout+jwt", &Value::Object(claims)).expect("it signs")
    }

    /// Returns how often one of its addresses was asked.
    pub(crate) fn asked(&self, path: &str) -> usize {
        lock(&self.shared.asked).iter().filter(|asked| *asked == path).count()
    }

    /// Returns the last form that came to the token endpoint.
    pub(crate) fn last_form(&self) -> HashMap<String, String> {
        lock(&self.shared.forms).last().cloned().unwrap_or_default()
    }

    /// Signs somebody in who was sent here, and returns the path at the service to which they are sent back.
    pub(crate) fn signs_in(&self, sent_to: &str, person: Value) -> String {
        let asked: HashMap<String, String> = query(sent_to);
        assert!(sent_to.starts_with(&format!("{}/authorize?", self.issuer)), "{sent_to}");
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["client_id"], CLIENT);
        assert_eq!(asked["code_challenge_method"], "S256", "PKCE always, and never plain");
        let code = random();
        lock(&self.shared.codes).insert(
            code.clone(),
            Code {
                person,
                nonce: asked.get("nonce").cloned(),
                challenge: asked["code_challenge"].clone(),
                redirect_uri: asked["redirect_uri"].clone(),
            },
        );
        self.sends_back(sent_to, &[("code", &code)])
    }

    /// Sends somebody back with something else than a code.
    pub(crate) fn sends_back(&self, sent_to: &str, with: &[(&str, &str)]) -> String {
        let asked = query(sent_to);
        let mut back = Url::parse(&asked["redirect_uri"]).expect("an address");
        let iss = match lock(&self.shared.wrong).iss {
            Iss::Itself => Some(self.issuer.as_str()),
            Iss::Another(iss) => Some(iss),
            Iss::Nobody => None,
        };
        back.query_pairs_mut()
            .extend_pairs(with)
            .append_pair("state", &asked["state"])
            .extend_pairs(iss.map(|iss| ("iss", iss)));
        format!("{}?{}", back.path(), back.query().unwrap_or_default())
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns the query of an address.
pub(crate) fn query(address: &str) -> HashMap<String, String> {
    Url::parse(address).expect("an address").query_pairs().into_owned().collect()
}

type Shareds = State<Arc<Shared>>;

impl Shared {
    /// Notes the question, and answers it if it is to be answered wrongly.
    async fn asked(&self, path: &'static str) -> Option<Response> {
        lock(&self.asked).push(path.to_owned());
        let slow = lock(&self.wrong).slow;
        tokio::time::sleep(slow).await;
        let answer = lock(&self.wrong).answer.clone().filter(|(at, _)| *at == path).map(|(_, answer)| answer);
        match answer? {
            Answer::Status(status) => Some(
                (StatusCode::from_u16(status).expect("a status"), Json(json!({ "error": "told_to" })))
                    .into_response(),
            ),
            Answer::Never => {
                tokio::time::sleep(Duration::from_mins(1)).await;
                None
            }
            Answer::Huge => Some(Json(json!({ "issuer": "x".repeat(600 * 1024) })).into_response()),
            Answer::RedirectTo(address) => Some(Redirect::temporary(&address).into_response()),
            Answer::Text(text) => Some(([(header::CONTENT_TYPE, "application/json")], text).into_response()),
        }
    }

    fn id_token(&self, code: &Code) -> String {
        let wrong = lock(&self.wrong).clone();
        let now = self.clock.now().as_second();
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": code.nonce,
            "auth_time": now - 5, "amr": ["pwd", "otp"], "sid": "there-1", "sub": code.person["sub"],
        });
        merge(&mut claims, wrong.id_token.clone());
        let Value::Object(members) = claims else { unreachable!("it is an object") };
        let claims: Map<String, Value> = members.into_iter().filter(|(_, value)| !value.is_null()).collect();
        let own = lock(&self.key).clone();
        let key = match wrong.signer {
            Signer::Itself => own,
            Signer::Stranger => {
                let stranger = SigningKey::generate(Algorithm::Es256).expect("a key");
                stranger.with_key_id(own.key_id().clone())
            }
            Signer::Unpublished => SigningKey::generate(Algorithm::Es256).expect("a key"),
            Signer::SharedSecret => {
                let secret =
                    SigningKey::from_secret(Algorithm::Hs256, SECRET.as_bytes()).expect("long enough");
                secret.with_key_id(own.key_id().clone())
            }
            Signer::Nobody => {
                let part = |value: &Value| URL_SAFE_NO_PAD.encode_to_string(value.to_string());
                return format!("{}.{}.", part(&json!({ "alg": "none" })), part(&Value::Object(claims)));
            }
        };
        key.sign("JWT", &Value::Object(claims)).expect("it signs")
    }
}

async fn metadata(State(shared): Shareds) -> Response {
    if let Some(answer) = shared.asked("/.well-known/openid-configuration").await {
        return answer;
    }
    let issuer = &shared.issuer;
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "introspection_endpoint": format!("{issuer}/introspect"),
        "end_session_endpoint": format!("{issuer}/end"),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    merge(&mut document, lock(&shared.wrong).metadata.clone());
    Json(document).into_response()
}

async fn jwks(State(shared): Shareds) -> Response {
    if let Some(answer) = shared.asked("/jwks").await {
        return answer;
    }
    let keys: Jwks = KeySet::new([lock(&shared.key).verifying_key()]).expect("one key").to_jwks();
    Json(keys).into_response()
}

async fn token(State(shared): Shareds, headers: HeaderMap, body: String) -> Response {
    if let Some(answer) = shared.asked("/token").await {
        return answer;
    }
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    lock(&shared.forms).push(form.clone());
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    if !is_our_client(&shared, &headers, &form) {
        return refused("invalid_client");
    }
    if form.get("grant_type").is_some_and(|grant| grant == "refresh_token") {
        let token = form.get("refresh_token");
        let person = token.and_then(|token| lock(&shared.refresh_tokens).remove(token));
        return person.map_or_else(|| refused("invalid_grant"), |person| renewed(&shared, person));
    }
    // Handed out once, as every code.
    let Some(code) = form.get("code").and_then(|code| lock(&shared.codes).remove(code)) else {
        return refused("invalid_grant");
    };
    let verifier = form.get("code_verifier").map(String::as_str).unwrap_or_default();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    let fits = URL_SAFE_NO_PAD.encode_to_string(digest.as_ref()) == code.challenge
        && form.get("redirect_uri") == Some(&code.redirect_uri)
        && form.get("grant_type").is_some_and(|grant| grant == "authorization_code");
    if !fits {
        return refused("invalid_grant");
    }
    let access_token = random();
    let mut answer = json!({ "access_token": access_token, "token_type": "Bearer", "expires_in": 300 });
    if code.nonce.is_some() {
        answer["id_token"] = Value::String(shared.id_token(&code));
    }
    answer["refresh_token"] = Value::String(refresh_token(&shared, &code.person));
    merge(&mut answer, lock(&shared.wrong).token_answer.clone());
    lock(&shared.people).insert(access_token, code.person);
    Json(answer).into_response()
}

/// Answers a refresh token with tokens of today, and with no ID token, as most do.
fn renewed(shared: &Shared, person: Value) -> Response {
    let access_token = random();
    let refresh_token = refresh_token(shared, &person);
    lock(&shared.people).insert(access_token.clone(), person);
    let mut answer =
        json!({ "access_token": access_token, "token_type": "Bearer", "refresh_token": refresh_token });
    merge(&mut answer, lock(&shared.wrong).token_answer.clone());
    Json(answer).into_response()
}

fn refresh_token(shared: &Shared, person: &Value) -> String {
    let token = random();
    lock(&shared.refresh_tokens).insert(token.clone(), person.clone());
    token
}

fn is_our_client(shared: &Shared, headers: &HeaderMap, form: &HashMap<String, String>) -> bool {
    if let Some(keys) = &*lock(&shared.client_key) {
        let Some(assertion) = form.get("client_assertion") else { return false };
        let validator = Validator::client_assertion(CLIENT, shared.issuer.as_str(), &[Algorithm::Es256])
            .expect("it is whole");
        let now = UnixTime::from_secs(shared.clock.now().as_second());
        return validator.verify::<NoClaims>(assertion, keys, now).is_ok();
    }
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = format!("Basic {}", STANDARD.encode_to_string(format!("{CLIENT}:{}", encoded(SECRET))));
    let posted = form.get("client_id").is_some_and(|id| id == CLIENT)
        && form.get("client_secret").is_some_and(|secret| secret == SECRET);
    posted || headers.get(header::AUTHORIZATION).is_some_and(|value| *value == *basic)
}

async fn userinfo(State(shared): Shareds, headers: HeaderMap) -> Response {
    if let Some(answer) = shared.asked("/userinfo").await {
        return answer;
    }
    let bearer =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(mut person) = bearer.and_then(|token| lock(&shared.people).get(token).cloned()) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    merge(&mut person, lock(&shared.wrong).userinfo.clone());
    Json(person).into_response()
}

async fn introspect(State(shared): Shareds, headers: HeaderMap, body: String) -> Response {
    if let Some(answer) = shared.asked("/introspect").await {
        return answer;
    }
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    lock(&shared.forms).push(form.clone());
    if !is_our_client(&shared, &headers, &form) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let token = form.get("token").map(String::as_str).unwrap_or_default();
    let client = lock(&shared.issued_to).get(token).cloned();
    let Some((client, person)) = client.zip(lock(&shared.people).get(token).cloned()) else {
        return Json(json!({ "active": false })).into_response();
    };
    let mut answer =
        json!({ "active": true, "iss": shared.issuer, "client_id": client, "sub": person["sub"] });
    merge(&mut answer, lock(&shared.wrong).introspection.clone());
    Json(answer).into_response()
}

fn merge(into: &mut Value, changes: Option<Value>) {
    let (Value::Object(into), Some(Value::Object(changes))) = (into, changes) else { return };
    into.extend(changes);
}

fn random() -> String {
    let mut bytes = [0; 16];
    handstamp_token::Entropy::fill(&SystemEntropy, &mut bytes);
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
