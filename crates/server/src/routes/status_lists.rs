use axum::{Json, extract::State, response::IntoResponse};
use handstamp_api_types::status_list::StatusListAggregation;
use handstamp_core::{claims, flows::status_lists};

use super::{jwks::KEEP, status_list::FOR_EVERYBODY};
use crate::{AppState, problem::ApiError};

/// `GET /status-lists`: the addresses of every list there is, for services that fetch them ahead (§9.3 of the draft).
pub(super) async fn status_lists(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    let lists = status_lists::all(state.core()).await?;
    let issuer = &state.core().settings.issuer;
    let uris = lists.iter().map(|list| claims::status_list_uri(issuer, list.id)).collect();
    Ok(([KEEP], [FOR_EVERYBODY], Json(StatusListAggregation { status_lists: uris })))
}
