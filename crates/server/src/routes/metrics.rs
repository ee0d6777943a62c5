use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use handstamp_api_types::ErrorCode;

use crate::{AppState, layers::ClientAddress, metrics::Metrics, problem::ApiError};

/// `GET /metrics`: for the configured networks alone.
///
/// A request that a stranger's proxy has forwarded is refused: behind a proxy on this machine that nobody declared trusted,
/// the whole world would seem to call from this machine.
pub(super) async fn metrics(
    State(state): State<AppState>,
    address: ClientAddress,
) -> Result<Response, ApiError> {
    let allowed = &state.config().metrics.allowed_networks;
    let from_allowed = address.ip.is_some_and(|ip| allowed.iter().any(|network| network.contains(ip)));
    if !from_allowed || address.forwarded_by_stranger {
        return Err(ApiError::new(ErrorCode::NotFound)
            .detail("See metrics.allowed_networks and server.trusted_proxies."));
    }
    state.metrics().feed.observe(state.feed(), state.now());
    state.metrics().shared.observe(state.shared_standing());
    let text = state.metrics().render().map_err(|error| ApiError::new(ErrorCode::Internal).cause(error))?;
    Ok(([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], text).into_response())
}
