use axum::{
    body::HttpBody as _,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use handstamp_api_types::ErrorCode;

use crate::{AppState, problem::ApiError};

/// Refuses a body that says it is too large before a byte of it is read. One that does not say is counted while reading.
pub(super) async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let limit = state.config().server.max_body;
    let announced = request.body().size_hint().lower();
    if announced > limit as u64 {
        return ApiError::new(ErrorCode::BodyTooLarge)
            .detail(format!("At most {limit} bytes are taken here."))
            .into_response();
    }
    next.run(request).await
}
