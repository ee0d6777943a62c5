use std::fmt::Write as _;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use handstamp_api_types::Problem;
use tracing::Instrument as _;

use crate::{AppState, problem};

pub(super) static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives each request an id, which stands in its log lines, in its reply and in the body of a problem.
pub(super) async fn layer(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = given(request.headers()).unwrap_or_else(|| drawn(&state));
    // Handlers and layers below see the id that will be in the log.
    if let Ok(value) = HeaderValue::from_str(&id) {
        request.headers_mut().insert(&X_REQUEST_ID, value);
    }
    let span = tracing::info_span!("request", id = %id);
    let mut response = next.run(request).instrument(span).await;
    if let Some(problem) = problem::take_problem(&mut response) {
        let body = problem::body(&Problem { request_id: Some(id.clone()), ..problem });
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(body);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(&X_REQUEST_ID, value);
    }
    response
}

/// Returns the id of a request, as handlers see it.
pub(crate) fn id_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(&X_REQUEST_ID)?.to_str().ok()
}

/// Takes the id that a proxy in front has given, if it cannot break a log line.
fn given(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(&X_REQUEST_ID)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    ((1..=64).contains(&id.len()) && id.bytes().all(plain)).then(|| id.to_owned())
}

fn drawn(state: &AppState) -> String {
    let mut bytes = [0; 8];
    state.core().entropy.fill(&mut bytes);
    bytes.iter().fold(String::with_capacity(16), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
