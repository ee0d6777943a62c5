use std::time::Duration;

use axum::{Json, extract::State};
use handstamp_api_types::{ErrorCode, Health, HealthStatus};

use crate::{AppState, problem::ApiError};

/// `GET /health/live`: the process answers. Asks nobody, so that a database that is away restarts nothing.
pub(super) async fn live() -> Json<Health> {
    Json(Health { status: HealthStatus::Ok, degraded: Vec::new() })
}

/// `GET /health/ready`: the store answers and takes what is written, its clock is ours, and the revocation log was read to its end
/// lately.
///
/// What replicas share and may lose makes nobody less ready; the answer names what is missing.
pub(super) async fn ready(State(state): State<AppState>) -> Result<Json<Health>, ApiError> {
    state.compare_clocks().await?;
    state.right_time().check()?;
    state.core().store.writable().await?;
    if !state.feed().keeps_up(state.now()) {
        return Err(ApiError::new(ErrorCode::Unavailable)
            .retry_after(Duration::from_secs(1))
            .detail("This replica has not read the revocation log to its end lately."));
    }
    let without = state.shared_standing().into_iter().filter(|(_, is_away)| *is_away);
    let degraded = without.map(|(what, _)| what.to_owned()).collect();
    Ok(Json(Health { status: HealthStatus::Ok, degraded }))
}
