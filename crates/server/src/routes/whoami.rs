use axum::{Json, extract::State};
use handstamp_api_types::Whoami;

use super::whoami_body;
use crate::{AppState, access::Caller, problem::ApiError};

/// `GET /auth/whoami`
pub(super) async fn whoami(State(state): State<AppState>, caller: Caller) -> Result<Json<Whoami>, ApiError> {
    Ok(Json(whoami_body::of_principal(&state, &caller.principal)?))
}
