use axum::{extract::State, http::HeaderMap, response::Response};
use handstamp_api_types::ErrorCode;
use handstamp_core::flows::sessions as flow;

use super::{
    account,
    sessions::{label, session_id},
    visitor::Visitor,
};
use crate::{
    AppState,
    extract::Form,
    pages::{AccountProblem, Done},
    problem::ApiError,
};

/// `POST /auth/account/rename-session`: a form of the account page.
pub(super) async fn rename_session(
    State(state): State<AppState>,
    visitor: Visitor,
    headers: HeaderMap,
    mut form: Form,
) -> Result<Response, ApiError> {
    let (sid, device) = (form.require("sid")?, form.require("device")?);
    let label = match label(&device) {
        Ok(label) => label,
        Err(error) => {
            return account::refused(&state, &headers, visitor, error, AccountProblem::DeviceName).await;
        }
    };
    let done = match rename(&state, &visitor, &sid, label).await {
        Ok(()) => Done::Renamed,
        Err(error) if error.code() == ErrorCode::NotFound => Done::SessionGone,
        Err(error) => return Err(error),
    };
    Ok(account::done(&state, visitor, done))
}

async fn rename(state: &AppState, visitor: &Visitor, sid: &str, label: &str) -> Result<(), ApiError> {
    Ok(flow::relabel(state.core(), visitor.user, session_id(sid)?, label, state.now()).await?)
}
