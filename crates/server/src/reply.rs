use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use handstamp_api_types::ErrorCode;
use serde::Serialize;

use crate::problem::ApiError;

/// So long is the reply that is asked for most: while it is written, it is not moved to where there is more room.
const BODY: usize = 512;
/// So many headers has a reply, with those that are added to each.
const HEADERS: usize = 12;

/// Returns a reply in JSON. As axum's own, but it may say what is only borrowed, and brings room for the headers to come.
pub(crate) fn json(body: &impl Serialize) -> Response {
    let mut text = Vec::with_capacity(BODY);
    if let Err(error) = serde_json::to_writer(&mut text, body) {
        return ApiError::new(ErrorCode::Internal).cause(error).into_response();
    }
    let mut response = Response::new(Body::from(text));
    *response.headers_mut() = HeaderMap::with_capacity(HEADERS);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
