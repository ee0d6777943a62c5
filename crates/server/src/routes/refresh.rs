use axum::{Extension, extract::State, http::HeaderMap, response::Response};
use handstamp_api_types::RefreshRequest;
use handstamp_core::flows::{
    Issued,
    refresh::{self as flow, RefreshError},
};

use super::issued;
use crate::{
    AppState, access::OriginCheck, cookies::Presented, extract::OptionalJson, layers::ClientAddress,
    problem::ApiError,
};

/// `POST /auth/refresh`
///
/// A failed refresh clears and sets no cookie: the loser of a race must not sign out the winner.
pub(super) async fn refresh(
    State(state): State<AppState>,
    Extension(address): Extension<ClientAddress>,
    origin: OriginCheck,
    headers: HeaderMap,
    OptionalJson(request): OptionalJson<RefreshRequest>,
) -> Result<Response, ApiError> {
    if let Some(RefreshRequest { refresh_token }) = request {
        origin.for_body()?;
        let command = flow::Refresh { token: &refresh_token, beside: None, address: address.ip };
        return Ok(issued::in_body(&run(&state, command).await?));
    }
    let origin = origin.for_cookies()?;
    let pair = Presented::new(&headers, &state, origin).refresh_pair()?;
    let command = flow::Refresh { token: pair.token, beside: Some(pair.beside), address: address.ip };
    Ok(issued::in_cookies(&state, &run(&state, command).await?, origin))
}

/// Refreshes, and counts what came of it.
pub(super) async fn run(state: &AppState, command: flow::Refresh<'_>) -> Result<Issued, RefreshError> {
    let outcome = flow::refresh(state.core(), command, state.now()).await;
    state.metrics().events.refresh(match &outcome {
        Ok(issued) => issued.kind.as_str(),
        Err(RefreshError::Rejected(_)) => "rejected",
        Err(RefreshError::OtherSession) => "other_session",
        Err(RefreshError::Theft(_)) => "theft",
        Err(RefreshError::Store(_)) => "store_failed",
        Err(RefreshError::Mint(_)) => "mint_failed",
        Err(_) => "session_ended",
    });
    if let Err(error @ RefreshError::Theft(_)) = &outcome {
        tracing::warn!(%error, "a session was ended");
        state.follow_revocations().await;
    }
    outcome
}
