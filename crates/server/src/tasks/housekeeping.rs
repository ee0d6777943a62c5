use std::time::Duration;

use handstamp_core::flows::clean_up::clean_up;

use crate::AppState;

/// How often what has run out is put away.
const EVERY: Duration = Duration::from_mins(1);
/// Between two batches everybody else gets a turn at the database.
const BREATH: Duration = Duration::from_millis(50);

/// Puts away what has run out: sessions, events, reports, rate limits.
pub(super) async fn run(state: AppState) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = state.stopped() => return,
        }
        once(&state).await;
    }
}

/// One round. What fails is tried again in the next one.
async fn once(state: &AppState) {
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
