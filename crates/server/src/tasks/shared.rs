use std::time::Duration;

use crate::AppState;

/// How often what could not be shared is asked whether it can be again. Requests do not ask: none of them waits for the answer.
const EVERY: Duration = Duration::from_millis(500);

/// Lets replicas share again what they could not for a while.
pub(super) async fn run(state: AppState) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = state.stopped() => return,
        }
        state.probe_shared().await;
    }
}
