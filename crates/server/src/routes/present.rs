use axum::http::{header, request::Parts};
use handstamp_api_types::ErrorCode;
use handstamp_core::flows::{Issued, refresh as flow};

use super::refresh;
use crate::{
    AppState,
    access::{Caller, OriginCheck, OriginPassed},
    cookies::Presented,
    layers::ClientAddress,
    problem::ApiError,
};

/// Somebody who is signed in.
pub(super) enum Present {
    /// By the token that the request has brought.
    Already(Caller),
    /// By a token that was made a moment ago, and has to go out with the reply.
    Refreshed(Box<Issued>, OriginPassed),
}

/// Finds out who is here. Refreshes where nothing but that is needed.
pub(super) async fn find(
    state: &AppState,
    address: ClientAddress,
    origin: OriginCheck,
    parts: &Parts,
) -> Result<Present, ApiError> {
    let refused = match already(state, parts).await {
        Ok(caller) => return Ok(Present::Already(caller)),
        Err(refused) => refused,
    };
    // A bearer token has no refresh token beside it.
    if parts.headers.contains_key(header::AUTHORIZATION) || !refresh_helps(refused.code()) {
        return Err(refused);
    }
    let origin = origin.for_cookies()?;
    let presented = Presented::new(&parts.headers, state, origin);
    // With nothing to try, what was wrong with the access token is the answer.
    if presented.refresh()?.is_none() {
        return Err(refused);
    }
    let pair = presented.refresh_pair()?;
    let command = flow::Refresh { token: pair.token, beside: Some(pair.beside), address: address.ip };
    let issued = refresh::run(state, command).await?;
    Ok(Present::Refreshed(Box::new(issued), origin))
}

/// Finds out who is here by the token that the request has brought, and by nothing else.
pub(super) async fn already(state: &AppState, parts: &Parts) -> Result<Caller, ApiError> {
    let principal =
        state.gate().authenticate(parts).await?.ok_or_else(|| ApiError::new(ErrorCode::TokenMissing))?;
    Caller::new(state, principal)
}

/// Returns whether a refresh may bring a good token in the place of one that was refused like this.
///
/// `token_invalid` is among them because a signing key may be gone before the session is.
pub(super) fn refresh_helps(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::TokenExpired | ErrorCode::TokenStale | ErrorCode::TokenRevoked | ErrorCode::TokenInvalid
    )
}
