use std::any::Any;

use axum::response::{IntoResponse, Response};
use handstamp_api_types::ErrorCode;

use crate::problem::ApiError;

/// Answers for a handler that panicked: a defect of ours, which costs one request and not the process.
pub(super) fn to_problem(panic: &(dyn Any + Send)) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    ApiError::new(ErrorCode::Internal).cause(message).into_response()
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn a_panic_costs_one_request_and_tells_nothing_of_itself() {
        let panic = std::panic::catch_unwind(|| panic!("the secret is hunter2")).unwrap_err();

        let reply = super::to_problem(&*panic);

        assert_eq!(reply.status(), 500);
        let body = axum::body::to_bytes(reply.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("\"internal\"") && !body.contains("hunter2"), "{body}");
    }
}
