use axum::{extract::State, response::Response};

use super::whoami_body;
use crate::{AppState, access::Caller, problem::ApiError, reply};

/// `GET /auth/whoami`
pub(super) async fn whoami(State(state): State<AppState>, caller: Caller) -> Result<Response, ApiError> {
    Ok(reply::json(&whoami_body::of_principal(&state, &caller.principal)?))
}
