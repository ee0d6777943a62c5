use axum::{extract::State, response::Response};
use handstamp_api_types::ErrorCode;
use handstamp_core::flows::sessions as flow;

use super::{account, sessions::session_id, visitor::Visitor};
use crate::{AppState, extract::Form, layers::ClientAddress, pages::Done, problem::ApiError};

/// `POST /auth/account/end-session`: a form of the account page.
pub(super) async fn end_session(
    State(state): State<AppState>,
    address: ClientAddress,
    visitor: Visitor,
    mut form: Form,
) -> Result<Response, ApiError> {
    let done = match end(&state, &visitor, address, &form.require("sid")?).await {
        Ok(()) => Done::SessionEnded,
        // It ended by itself, or another page was faster.
        Err(error) if error.code() == ErrorCode::NotFound => Done::SessionGone,
        Err(error) => return Err(error),
    };
    state.follow_revocations().await;
    Ok(account::done(&state, visitor, done))
}

async fn end(state: &AppState, visitor: &Visitor, address: ClientAddress, sid: &str) -> Result<(), ApiError> {
    Ok(flow::end_own(state.core(), visitor.user, session_id(sid)?, address.ip, state.now()).await?)
}
