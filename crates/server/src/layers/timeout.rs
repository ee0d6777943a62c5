use std::time::Duration;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use handstamp_api_types::ErrorCode;

use crate::{AppState, problem::ApiError};

/// Drops a request that takes too long: the proof of refresh rests on it, and so does the number of open connections.
pub(super) async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(state.config().server.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::new(ErrorCode::Unavailable)
            .retry_after(Duration::from_secs(1))
            .cause("the request took longer than server.request_timeout")
            .into_response(),
    }
}
