use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use handstamp_api_types::ErrorCode;
use handstamp_core::{
    flows::revoke_token::{self as flow, AccessTokenToRevoke},
    model::ClientId,
};

use super::oauth2_client;
use crate::{
    AppState,
    extract::Form,
    layers::ClientAddress,
    problem::{ApiError, OAuthRefusal},
};

/// `POST /oauth2/revoke` ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009))
///
/// 200 for a token that was revoked and for one that was not there, so that nobody learns which tokens exist. A client gives
/// back its own tokens only.
pub(super) async fn revoke(
    State(state): State<AppState>,
    address: ClientAddress,
    headers: HeaderMap,
    form: Result<Form, ApiError>,
) -> Response {
    match answer(&state, address, &headers, form).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refused) => refused.into_response(),
    }
}

async fn answer(
    state: &AppState,
    address: ClientAddress,
    headers: &HeaderMap,
    form: Result<Form, ApiError>,
) -> Result<(), OAuthRefusal> {
    let mut form = form.map_err(|error| OAuthRefusal::unreadable(&error))?;
    let client = oauth2_client::any(state, headers, &mut form).await?;
    let token = oauth2_client::required(&mut form, "token")?;
    // A prefix tells the two kinds apart: a wrong hint still finds the token (RFC 7009 §2.1).
    if !token.starts_with(handstamp_core::refresh_token::PREFIX) {
        return revoke_access_token(state, &client, &token, address).await;
    }
    let done = flow::refresh_token(state.core(), &client, &token, address.ip, state.now()).await;
    done.map(drop).map_err(|error| OAuthRefusal::Ours(error.into()))
}

async fn revoke_access_token(
    state: &AppState,
    client: &ClientId,
    token: &str,
    address: ClientAddress,
) -> Result<(), OAuthRefusal> {
    let principal = match state.gate().verify_for_anybody(token).await {
        Ok(principal) => principal,
        Err(error) if error.code() == ErrorCode::Unavailable => return Err(OAuthRefusal::Ours(error.into())),
        // Not ours, expired or revoked before: there is nothing left to take back.
        Err(_) => return Ok(()),
    };
    let token = AccessTokenToRevoke {
        jti: principal.jti(),
        session: principal.sid().and_then(|sid| sid.parse().ok()),
        user: principal.sub().parse().ok(),
        org_id: principal.org_id().and_then(|org_id| org_id.parse().ok()),
        client_id: principal.client_id(),
    };
    let done = flow::access_token(state.core(), client, token, address.ip, state.now()).await;
    done.map(drop).map_err(|error| OAuthRefusal::Ours(error.into()))
}
