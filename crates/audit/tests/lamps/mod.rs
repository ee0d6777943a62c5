//! A small service: lamps that belong to organisations. Correct, or with one mistake.

mod guard;
mod keep;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use handstamp_testkit::TestIssuer;
use serde_json::{Value, json};

pub(crate) use guard::Caller;
use guard::Guard;
use keep::Lamps;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// Nothing.
    None,
    /// One operation was forgotten.
    ForgottenRoute,
    /// Tokens are read, and their signature is not looked at.
    SignatureUnread,
    /// `alg: none` is as good as a signature.
    UnsignedTaken,
    /// The public key is taken for a shared secret where the token says so.
    AlgorithmOfTheToken,
    /// Tokens for other services are taken.
    AudienceUnread,
    /// Tokens of other times are taken.
    TimeUnread,
    /// A token may bring its own key along.
    KeyOfTheToken,
    /// What the token says of its keys is fetched.
    AddressOfTheToken,
    /// Objects are looked up by id alone.
    AnyOrganisation,
    /// Lists hold what belongs to everybody.
    EverybodysList,
    /// The organisation may be named by the request.
    OrganisationOfTheRequest,
    /// What is asked for is done before the token is looked at.
    DoneFirst,
    /// A token that is no token makes it break.
    Breaks,
    /// A token may stand in the address.
    TokenInQuery,
    /// Roles are not looked at.
    RolesUnread,
    /// Nobody listens to what was revoked.
    Deaf,
    /// Requests that a browser was tricked into are taken.
    ForgedRequests,
    /// Any page may read answers.
    AnyOrigin,
    /// A path with a slash behind it is another path.
    SlashOpens,
    /// A method that nobody wrote down is one that nobody checks.
    UndocumentedMethod,
    /// Refusals show what went wrong inside.
    Talkative,
}

/// What every handler can reach.
#[derive(Clone)]
struct Service {
    lamps: Arc<Lamps>,
    guard: Arc<Guard>,
    mistake: Mistake,
}

/// The description of the service, with the cookie that it takes tokens in.
pub(crate) const DESCRIPTION: &str = include_str!("openapi.yaml");

/// The cookie.
pub(crate) const COOKIE: &str = "lamps-at";

/// Returns the service.
pub(crate) fn service(issuer: &TestIssuer, mistake: Mistake) -> Router {
    let guard = Arc::new(Guard::new(issuer, mistake));
    let service = Service { lamps: Arc::default(), guard, mistake };
    let mut router = Router::new()
        .route("/lamps", get(list).post(add))
        .route("/lamps/{id}", get(show).put(change).delete(remove))
        .route("/health", get(async || "fine\n"));
    if mistake == Mistake::SlashOpens {
        router = router.route("/lamps/", get(everything));
    }
    if mistake == Mistake::UndocumentedMethod {
        router = router.route("/lamps/{id}", axum::routing::patch(touch));
    }
    router.layer(middleware::from_fn_with_state(service.clone(), cors)).with_state(service)
}

type Answer = Result<Response, Refusal>;

/// Why not.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Response>);

impl From<StatusCode> for Refusal {
    fn from(status: StatusCode) -> Self {
        Self(Box::new(status.into_response()))
    }
}

impl From<Response> for Refusal {
    fn from(reply: Response) -> Self {
        Self(Box::new(reply))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        *self.0
    }
}

async fn list(State(service): State<Service>, parts: Parts) -> Answer {
    let caller = service.guard.caller(&parts, None).await?;
    let lamps = match service.mistake {
        Mistake::EverybodysList => service.lamps.all(),
        _ => service.lamps.of(&caller.org(&parts, service.mistake)),
    };
    Ok(Json(json!({ "lamps": lamps })).into_response())
}

async fn show(State(service): State<Service>, Path(id): Path<String>, parts: Parts) -> Answer {
    let caller = service.guard.caller(&parts, None).await?;
    Ok(Json(service.find(&caller, &id, &parts)?).into_response())
}

async fn add(State(service): State<Service>, parts: Parts, body: Bytes) -> Answer {
    if service.mistake == Mistake::DoneFirst {
        service.lamps.add("acme", &name_of(&body)?);
    }
    let caller = service.guard.caller(&parts, Some("keeper")).await?;
    let lamp = service.lamps.add(&caller.org(&parts, service.mistake), &name_of(&body)?);
    Ok((StatusCode::CREATED, Json(lamp)).into_response())
}

async fn change(State(service): State<Service>, Path(id): Path<String>, parts: Parts, body: Bytes) -> Answer {
    if service.mistake == Mistake::DoneFirst {
        service.lamps.rename(&id, &name_of(&body)?);
    }
    let caller = service.guard.caller(&parts, Some("keeper")).await?;
    service.find(&caller, &id, &parts)?;
    service.lamps.rename(&id, &name_of(&body)?);
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn remove(State(service): State<Service>, Path(id): Path<String>, parts: Parts) -> Answer {
    if service.mistake == Mistake::DoneFirst {
        let is_gone = service.lamps.remove(&id);
        service.guard.caller(&parts, Some("keeper")).await?;
        return if is_gone {
            Ok(StatusCode::NO_CONTENT.into_response())
        } else {
            Err(StatusCode::NOT_FOUND.into())
        };
    }
    if service.mistake != Mistake::ForgottenRoute {
        let caller = service.guard.caller(&parts, Some("keeper")).await?;
        service.find(&caller, &id, &parts)?;
    }
    if service.lamps.remove(&id) {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(StatusCode::NOT_FOUND.into())
    }
}

async fn everything(State(service): State<Service>) -> Json<Value> {
    Json(json!({ "lamps": service.lamps.all() }))
}

async fn touch(State(service): State<Service>, Path(id): Path<String>) -> Answer {
    if service.lamps.rename(&id, "touched") {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(StatusCode::NOT_FOUND.into())
    }
}

impl Service {
    fn find(&self, caller: &Caller, id: &str, parts: &Parts) -> Result<Value, StatusCode> {
        let org = caller.org(parts, self.mistake);
        let is_theirs =
            |lamp: &Value| self.mistake == Mistake::AnyOrganisation || lamp["org_id"] == org.as_str();
        self.lamps.find(id).filter(is_theirs).ok_or(StatusCode::NOT_FOUND)
    }
}

fn name_of(body: &[u8]) -> Result<String, StatusCode> {
    let body: Value = serde_json::from_slice(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let name = body.get("name").and_then(Value::as_str).map(str::to_owned);
    name.ok_or(StatusCode::UNPROCESSABLE_ENTITY)
}

/// One page may read the answers, or any.
async fn cors(State(service): State<Service>, request: Request, next: Next) -> Response {
    const PAGE: &str = "https://lamps.example";
    let origin = request.headers().get(header::ORIGIN).cloned();
    let is_preflight = request.method() == Method::OPTIONS;
    let mut reply =
        if is_preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let allowed = origin.filter(|origin| origin == PAGE || service.mistake == Mistake::AnyOrigin);
    if let Some(origin) = allowed {
        let headers = reply.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    reply
}
