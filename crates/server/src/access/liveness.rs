use handstamp_api_types::ErrorCode;
use handstamp_core::model::SessionId;

use crate::{AppState, problem::ApiError};

/// Refuses a token whose session is over.
///
/// The one place that knows how the auth service finds that out.
pub(super) async fn check(state: &AppState, session: SessionId) -> Result<(), ApiError> {
    let found = state.core().store.session(session).await?;
    if found.is_some_and(|session| session.is_live(state.now())) {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::TokenRevoked))
}
