//! Levers for the page's "Try it": what happens to people without their doing, done to oneself.
//!
//! On the demo's page alone, on this machine alone, and no part of `serve`. Each lever pulls at whoever pulls it, needs
//! their token, and takes no request that another page caused.

mod levers;
mod refusal;

use std::collections::BTreeSet;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use handstamp_verify::axum::{Declare, Routes};
use handstamp_verify::{Principal, Verifier, access};
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(super) use levers::Levers;
use refusal::Refusal;

use super::auth_service::AWAY;

/// The name the levers go by in the tokens' `aud`.
pub(super) const AUDIENCE: &str = "demo";

/// A list of roles is short.
const MAX_BODY: usize = 1024;

/// Returns the levers' routes, for the origin of the page.
pub(super) fn router(levers: Levers, verifier: Verifier) -> Router {
    // A token in `Authorization` is as good as a cookie, and no excuse for coming from elsewhere.
    let oneself = || access::signed_in().always_check_origin();
    Routes::new(verifier)
        .route("/control/expire-token", post(expire_token).access(oneself()))
        .route("/control/end-session", post(end_session).access(oneself()))
        .route("/control/roles", post(set_roles).access(oneself()))
        .route("/control/disable", post(disable).access(oneself()))
        .route("/control/away", post(away).access(oneself()))
        .into_router()
        .with_state(levers)
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// Puts an access token into the caller's browser that has just expired, as if they had closed the lid over lunch.
async fn expire_token(
    State(levers): State<Levers>,
    caller: Principal<Map<String, Value>>,
) -> Result<Response, Refusal> {
    let cookie = levers.expired_token(caller.claims().clone())?;
    Ok((http::StatusCode::NO_CONTENT, [(http::header::SET_COOKIE, cookie)]).into_response())
}

/// Ends the caller's session as another device of theirs would.
async fn end_session(State(levers): State<Levers>, caller: Principal) -> Result<Response, Refusal> {
    levers.end_session(&caller).await?;
    Ok(http::StatusCode::NO_CONTENT.into_response())
}

/// The roles that mean something in the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DemoRole {
    Admin,
    Buyer,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    roles: BTreeSet<DemoRole>,
}

/// Changes the caller's roles as an administrator would.
async fn set_roles(
    State(levers): State<Levers>,
    caller: Principal,
    body: Result<Json<Roles>, JsonRejection>,
) -> Result<Response, Refusal> {
    let Json(Roles { roles }) = body.map_err(|_| Refusal::Roles)?;
    let names = roles.iter().map(|role| match role {
        DemoRole::Admin => "admin",
        DemoRole::Buyer => "buyer",
    });
    levers.set_roles(&caller, names).await?;
    Ok(http::StatusCode::NO_CONTENT.into_response())
}

/// Disables the caller as an administrator would, and enables them again a little later: they could not do that.
async fn disable(State(levers): State<Levers>, caller: Principal) -> Result<Response, Refusal> {
    levers.disable(&caller).await?;
    Ok(Json(json!({ "for_seconds": levers::DISABLED.as_secs() })).into_response())
}

/// Sends the auth service away for a while.
async fn away(State(levers): State<Levers>, _: Principal) -> Response {
    levers.send_auth_service_away();
    Json(json!({ "for_seconds": AWAY.as_secs() })).into_response()
}
