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
        state.reload_keys().await;
    }
}
