use std::time::Duration;

use crate::AppState;

/// How soon keys that another process made, rotated or revoked are noticed.
const EVERY: Duration = Duration::from_secs(5);

/// Loads the keys again and again: the command line and other replicas change them too.
pub(super) async fn run(state: AppState) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = state.stopped() => return,
        }
        once(&state).await;
    }
}

/// One round.
pub(crate) async fn once(state: &AppState) {
    let core = state.core();
    match core.keyring.reload(&*core.store).await {
        Ok(()) => state.gate().take_keys(core),
        // The keys of before still do: a new one is published long before it signs.
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "loading the keys again failed");
        }
    }
}
