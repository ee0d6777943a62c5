use std::time::Duration;

use handstamp_core::flows::clean_up::clean_up;

use crate::AppState;

/// Between two batches everybody else gets a turn at the database.
const BREATH: Duration = Duration::from_millis(50);

/// Puts away what has run out: sessions, events, reports, rate limits. What fails is tried again in the next round.
pub(super) async fn put_away(state: &AppState) {
    while state.limits().clean_up(state.now()).await {
        tokio::time::sleep(BREATH).await;
    }
    loop {
        match clean_up(state.core(), state.now()).await {
            Ok((_, true)) => tokio::time::sleep(BREATH).await,
            Ok((_, false)) => return,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "putting away what has run out failed"
                );
                return;
            }
        }
    }
}
