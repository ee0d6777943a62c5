use axum::{extract::State, response::Response};
use handstamp_core::flows::sessions as flow;

use super::{account, visitor::Visitor};
use crate::{AppState, layers::ClientAddress, pages::Done, problem::ApiError};

/// `POST /auth/account/end-others`: a form of the account page.
pub(super) async fn end_others(
    State(state): State<AppState>,
    address: ClientAddress,
    visitor: Visitor,
) -> Result<Response, ApiError> {
    flow::end_others(state.core(), visitor.user, visitor.session, address.ip, state.now()).await?;
    state.follow_revocations().await;
    Ok(account::done(&state, visitor, Done::OthersEnded))
}
