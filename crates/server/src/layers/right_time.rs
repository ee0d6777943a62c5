use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};

use crate::AppState;

/// Refuses whatever comes while this machine's clock is off; `None` when it is right, and for those who watch over the machine.
pub(super) fn refused(state: &AppState, request: &Request) -> Option<Response> {
    let wrong = state.right_time().check().err()?;
    let path = request.uri().path();
    if path == "/metrics" || path.starts_with("/health/") {
        return None;
    }
    Some(wrong.into_response())
}
