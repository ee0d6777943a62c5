use axum::{extract::State, http::HeaderMap, response::Response};
use handstamp_api_types::ErrorCode;
use handstamp_core::flows::upstream::{UnlinkError, UnlinkUpstream, unlink_upstream};

use super::{account, visitor::Visitor};
use crate::{
    AppState,
    extract::Form,
    layers::ClientAddress,
    pages::{AccountProblem, Done},
    problem::ApiError,
};

/// `POST /auth/account/unlink-upstream`: a form of the account page.
pub(super) async fn unlink(
    State(state): State<AppState>,
    address: ClientAddress,
    visitor: Visitor,
    headers: HeaderMap,
    mut form: Form,
) -> Result<Response, ApiError> {
    let name = form.require("upstream")?.parse();
    let command = UnlinkUpstream {
        user: visitor.user,
        upstream: name.map_err(|_| ApiError::invalid("/upstream", "This is no name of an upstream."))?,
        keep: Some(visitor.session),
        actor: None,
        address: address.ip,
    };
    match unlink_upstream(state.core(), &command, state.now()).await {
        // It was removed by another page already: that is what they wanted.
        Ok(_) | Err(UnlinkError::NotLinked { .. }) => {}
        Err(UnlinkError::LastWayIn) => {
            let error = ApiError::new(ErrorCode::Conflict);
            return account::refused(&state, &headers, visitor, error, AccountProblem::LastWayIn).await;
        }
        Err(UnlinkError::Store(error)) => return Err(error.into()),
        Err(error) => return Err(ApiError::new(ErrorCode::NotFound).cause(error)),
    }
    state.follow_revocations().await;
    Ok(account::done(&state, visitor, Done::UpstreamUnlinked))
}
