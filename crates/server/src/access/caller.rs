use axum::{extract::FromRequestParts, http::request::Parts};
use handstamp_api_types::ErrorCode;
use handstamp_core::{
    claims::issued_under,
    model::{SessionId, UserId},
};
use handstamp_verify::Principal;

use super::liveness;
use crate::{AppState, problem::ApiError};

/// Somebody who is signed in, in a session that goes on. What every handler of a protected route asks for.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) principal: Principal,
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let principal = <Principal as FromRequestParts<AppState>>::from_request_parts(parts, state).await?;
        Self::new(state, principal).await
    }
}

impl Caller {
    /// Takes a verified token for a session of ours that goes on.
    pub(crate) async fn new(state: &AppState, principal: Principal) -> Result<Self, ApiError> {
        let foreign = |what| {
            ApiError::new(ErrorCode::TokenInvalid).detail(format!("The token names no {what} of ours."))
        };
        let user = principal.sub().parse().map_err(|_| foreign("user"))?;
        // Machines have no session: none of these routes is for them.
        let session = principal.sid().and_then(|sid| sid.parse().ok()).ok_or_else(|| foreign("session"))?;
        liveness::check(state, session).await?;
        if let Some(step) = issued_under(principal.jti()) {
            state.seen().note(session, step, state.now());
        }
        Ok(Self { user, session, principal })
    }
}
