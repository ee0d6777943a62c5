use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use handstamp_api_types::ErrorCode;

use super::assets::FOR_ALL;
use crate::{AppState, extract::has_it, problem::ApiError};

/// Kept, but never used without asking: an app that names no hash gets the service's own version.
const ASK_FIRST: HeaderValue = HeaderValue::from_static("no-cache");

/// `GET /auth/client.js`: the browser client.
pub(super) async fn client(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, ApiError> {
    module(&state, "client.js", &headers)
}

/// `GET /auth/dialog.js`: the sign-in over the page of an app.
pub(super) async fn dialog(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, ApiError> {
    module(&state, "dialog.js", &headers)
}

/// `GET /auth/redirect.js`: the sign-in page in the place of the app's, and the way back.
pub(super) async fn redirect(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    module(&state, "redirect.js", &headers)
}

/// `GET /auth/streams.js`: event streams and WebSockets that live as long as the session.
pub(super) async fn streams(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, ApiError> {
    module(&state, "streams.js", &headers)
}

fn module(state: &AppState, name: &str, headers: &HeaderMap) -> Result<Response, ApiError> {
    let found = state.pages().assets().modules().iter().find(|module| module.plain_name() == name);
    let module = found.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    let etag = module.etag();
    let keep = [(header::CACHE_CONTROL, ASK_FIRST)];
    let tag = [(header::ETAG, HeaderValue::try_from(&etag).unwrap_or(HeaderValue::from_static("\"\"")))];
    if has_it(headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, FOR_ALL, keep, tag).into_response());
    }
    let kind = [(header::CONTENT_TYPE, module.media_type())];
    Ok((FOR_ALL, keep, tag, kind, module.bytes()).into_response())
}
