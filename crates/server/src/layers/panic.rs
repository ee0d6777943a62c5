use std::any::Any;

use axum::response::{IntoResponse, Response};
use handstamp_api_types::ErrorCode;

use crate::problem::ApiError;

/// Answers for a handler that panicked: a defect of ours, which costs one request and not the process.
#[expect(clippy::needless_pass_by_value, reason = "the shape that the layer calls")]
pub(super) fn to_problem(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    ApiError::new(ErrorCode::Internal).cause(message).into_response()
}
