use std::time::Duration;

use axum::response::{IntoResponse, Response};
use handstamp_api_types::ErrorCode;

use crate::problem::ApiError;

/// Answers for a request that was dropped because it took too long: the proof of refresh rests on that, and so does the number
/// of open connections.
pub(super) fn problem() -> Response {
    ApiError::new(ErrorCode::Unavailable)
        .retry_after(Duration::from_secs(1))
        .cause("the request took longer than server.request_timeout")
        .into_response()
}
