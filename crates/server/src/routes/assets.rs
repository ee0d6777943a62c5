use axum::{
    extract::{Path, State},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use handstamp_api_types::ErrorCode;

use crate::{AppState, problem::ApiError};

/// The name changes with the content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Any page may load it, and gets the same: no cookie has a say in it.
pub(super) const FOR_ALL: [(HeaderName, HeaderValue); 2] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
];

/// `GET /auth/assets/{name}`: what the pages load, and the modules for apps under names that change with their content.
pub(super) async fn asset(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let found = state.pages().assets().by_name(&name);
    let (file, for_all) = found.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    let headers = [(header::CONTENT_TYPE, file.media_type()), (header::CACHE_CONTROL, FOR_EVER)];
    let reply = (headers, file.bytes());
    Ok(if for_all { (FOR_ALL, reply).into_response() } else { reply.into_response() })
}
