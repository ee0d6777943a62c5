use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue},
};
use handstamp_api_types::ErrorCode;
use serde_json::Value;

use super::jwks::KEEP;
use crate::{AppState, openapi, problem::ApiError};

/// `GET /openapi.json`
pub(super) async fn document(
    State(state): State<AppState>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<Value>), ApiError> {
    let document = openapi::document(state.public_url(), state.cookie_names());
    document
        .map(|document| ([KEEP], Json(document)))
        .map_err(|error| ApiError::new(ErrorCode::Internal).cause(error))
}
