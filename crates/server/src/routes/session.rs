use axum::{
    Extension, Json,
    extract::State,
    http::{header, request::Parts},
    response::{IntoResponse, Response},
};
use handstamp_api_types::{ErrorCode, Whoami};
use handstamp_core::flows::refresh as flow;

use super::{issued, refresh, whoami_body};
use crate::{
    AppState,
    access::{Caller, OriginCheck},
    cookies::Presented,
    layers::ClientAddress,
    problem::ApiError,
};

/// `POST /auth/session`: who is here? Refreshes first where nothing but that is needed, so that a page starts with one call.
pub(super) async fn session(
    State(state): State<AppState>,
    Extension(address): Extension<ClientAddress>,
    origin: OriginCheck,
    parts: Parts,
) -> Result<Response, ApiError> {
    let refused = match whoami(&state, &parts).await {
        Ok(whoami) => return Ok(Json(whoami).into_response()),
        Err(refused) => refused,
    };
    // A bearer token has no refresh token beside it.
    if parts.headers.contains_key(header::AUTHORIZATION) || !refresh_helps(refused.code()) {
        return Err(refused);
    }
    let origin = origin.for_cookies()?;
    let presented = Presented::new(&parts.headers, &state, origin);
    // With nothing to try, what was wrong with the access token is the answer.
    if presented.refresh()?.is_none() {
        return Err(refused);
    }
    let pair = presented.refresh_pair()?;
    let command = flow::Refresh { token: pair.token, beside: Some(pair.beside), address: address.ip };
    let issued = refresh::run(&state, command).await?;
    Ok(issued::in_cookies(&state, &issued, origin))
}

async fn whoami(state: &AppState, parts: &Parts) -> Result<Whoami, ApiError> {
    let principal =
        state.gate().authenticate(parts).await?.ok_or_else(|| ApiError::new(ErrorCode::TokenMissing))?;
    let caller = Caller::new(state, principal)?;
    Ok(whoami_body::of_principal(state, &caller.principal)?)
}

/// `token_invalid` is among them because a signing key may be gone before the session is.
fn refresh_helps(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::TokenExpired | ErrorCode::TokenStale | ErrorCode::TokenRevoked | ErrorCode::TokenInvalid
    )
}
