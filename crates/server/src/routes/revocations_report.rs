use axum::{extract::State, http::StatusCode};
use handstamp_api_types::revocation::RevocationReport;

use crate::{AppState, access::Subscriber, extract::Json, problem::ApiError};

/// More keys than this no issuer publishes.
const MOST_KIDS: usize = 64;

/// `POST /revocations/report`: a service says how far it is.
pub(super) async fn report(
    State(state): State<AppState>,
    subscriber: Subscriber,
    Json(report): Json<RevocationReport>,
) -> Result<StatusCode, ApiError> {
    if report.instance.is_empty() || report.instance.len() > 64 {
        return Err(ApiError::invalid("/instance", "1 to 64 bytes are expected."));
    }
    if report.kids.len() > MOST_KIDS || report.kids.iter().any(|kid| kid.len() > 128) {
        return Err(ApiError::invalid("/kids", "At most 64 key ids of at most 128 bytes are expected."));
    }
    state.feed().reports().take(&subscriber.name, report, state.now());
    Ok(StatusCode::NO_CONTENT)
}
