use axum::{extract::FromRequestParts, http::request::Parts};
use handstamp_api_types::ErrorCode;
use handstamp_core::{
    claims::issued_under,
    model::{SessionId, UserId},
};
use handstamp_verify::Principal;

use crate::{AppState, problem::ApiError};

/// Somebody who is signed in. What every handler of a protected route asks for.
///
/// That the session goes on, the verifier has asked the revocation list; no request costs a look into the store.
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
        Self::new(state, principal)
    }
}

impl Caller {
    /// Takes a verified token that names a user and a session.
    pub(crate) fn new(state: &AppState, principal: Principal) -> Result<Self, ApiError> {
        let foreign = |what| {
            ApiError::new(ErrorCode::TokenInvalid).detail(format!("The token names no {what} of ours."))
        };
        let user = principal.sub().parse().map_err(|_| foreign("user"))?;
        // Machines have no session: none of these routes is for them.
        let session = principal.sid().and_then(|sid| sid.parse().ok()).ok_or_else(|| foreign("session"))?;
        if let Some(step) = issued_under(principal.jti()) {
            state.seen().note(session, step, state.now());
        }
        Ok(Self { user, session, principal })
    }
}
