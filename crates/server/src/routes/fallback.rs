use handstamp_api_types::ErrorCode;

use crate::problem::ApiError;

/// There is nothing at this address.
pub(super) async fn not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound)
}

/// There is something at this address, for other methods. The router adds `Allow`.
pub(super) async fn method_not_allowed() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed)
}
