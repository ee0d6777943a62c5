use axum::{extract::State, http::request::Parts, response::Response};

use super::{
    issued,
    present::{self, Present},
    whoami_body,
};
use crate::{AppState, access::OriginCheck, layers::ClientAddress, problem::ApiError, reply};

/// `POST /auth/session`: who is here? Refreshes first where nothing but that is needed, so that a page starts with one call.
pub(super) async fn session(
    State(state): State<AppState>,
    address: ClientAddress,
    origin: OriginCheck,
    parts: Parts,
) -> Result<Response, ApiError> {
    match present::find(&state, address, origin, &parts).await? {
        Present::Already(caller) => Ok(reply::json(&whoami_body::of_principal(&state, &caller.principal)?)),
        Present::Refreshed(issued, origin) => Ok(issued::in_cookies(&state, &issued, origin)),
    }
}
