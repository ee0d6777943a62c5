use axum::{
    body::HttpBody as _,
    extract::Request,
    http::header,
    response::{IntoResponse, Response},
};

use crate::{
    AppState,
    extract::{discard, too_large},
};

/// Returns whether a body says that it is too large, before a byte of it is looked at. One that does not say is counted while
/// reading.
pub(super) fn is_exceeded(state: &AppState, request: &Request) -> bool {
    request.body().size_hint().lower() > state.config().server.max_body as u64
}

pub(super) async fn refuse(state: &AppState, request: Request) -> Response {
    let server = &state.config().server;
    // Who asked whether to send it at all (RFC 9110 §10.1.1) is spared the sending.
    if !request.headers().contains_key(header::EXPECT) {
        discard(request.into_body(), server.request_timeout).await;
    }
    too_large(server.max_body).into_response()
}
