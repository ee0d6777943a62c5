use std::time::Duration;

use handstamp_core::flows::clean_up::clean_up;

use crate::AppState;

/// Between two batches everybody else gets a turn at the database.
const BREATH: Duration = Duration::from_millis(50);

/// Puts away what has run out: sessions, events, reports, rate limits. What fails is tried again in the next round.
pub(super) async fn put_away(state: &AppState) {
    while state.limits().clean_up(state.now()).await {
        if !goes_on(state).await {
            return;
        }
    }
    loop {
        let has_more = match clean_up(state.core(), state.now()).await {
            Ok((_, has_more)) => has_more,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "putting away what has run out failed"
                );
                false
            }
        };
        if !has_more || !goes_on(state).await {
            return;
        }
    }
}

/// Takes a breath. Returns whether to go on after it: there may be hours of work left, and a service that stops waits for none of it.
async fn goes_on(state: &AppState) -> bool {
    tokio::select! {
        () = tokio::time::sleep(BREATH) => true,
        () = state.stopped() => false,
    }
}
