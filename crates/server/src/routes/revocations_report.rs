use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use handstamp_api_types::{ErrorCode, revocation::RevocationReport};
use handstamp_core::model::{LogPosition, VerifierReport};
use handstamp_token::KeyId;

use crate::{AppState, access::Subscriber, extract::Json, problem::ApiError};

/// More keys than this no issuer publishes.
const MOST_KIDS: usize = 64;
/// A process that is gone makes room after three minutes.
const FULL_RETRY: Duration = Duration::from_mins(3);

/// `POST /revocations/report`: a service says how far it is, and which keys it holds.
pub(super) async fn report(
    State(state): State<AppState>,
    subscriber: Subscriber,
    Json(report): Json<RevocationReport>,
) -> Result<StatusCode, ApiError> {
    let RevocationReport { instance, epoch, seq, lag_ms, kids } = report;
    let kids: Result<Vec<_>, _> = kids.into_iter().map(KeyId::new).collect();
    let kids = kids.ok().filter(|kids| kids.len() <= MOST_KIDS);
    let report = VerifierReport {
        client: subscriber.client,
        instance: instance
            .parse()
            .map_err(|_| ApiError::invalid("/instance", "1 to 64 visible ASCII characters are expected."))?,
        kids: kids.ok_or_else(|| ApiError::invalid("/kids", "At most 64 key ids are expected."))?,
        position: LogPosition { epoch, seq },
        lag: Duration::from_millis(lag_ms),
        reported_at: state.now(),
    };
    state.feed().reports().take(report).map_err(|_| {
        ApiError::new(ErrorCode::RateLimited)
            .detail("As many processes of this service report as are remembered.")
            .retry_after(FULL_RETRY)
    })?;
    Ok(StatusCode::NO_CONTENT)
}
