use axum::{
    body::HttpBody as _,
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    AppState,
    extract::{discard, too_large},
};

/// Refuses a body that says it is too large before a byte of it is looked at. One that does not say is counted while reading.
pub(super) async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let server = &state.config().server;
    if request.body().size_hint().lower() <= server.max_body as u64 {
        return next.run(request).await;
    }
    // Who asked whether to send it at all (RFC 9110 §10.1.1) is spared the sending.
    if !request.headers().contains_key(header::EXPECT) {
        discard(request.into_body(), server.request_timeout).await;
    }
    too_large(server.max_body).into_response()
}
