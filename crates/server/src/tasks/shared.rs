use std::time::Duration;

use crate::AppState;

/// How often it is looked whether replicas can share what they are to. Where they could not, requests do not try: none of them waits
/// for the answer. Where nobody makes requests, an operator hears of it all the same.
const EVERY: Duration = Duration::from_secs(1);

/// Finds out what replicas can share, and cannot.
pub(super) async fn run(state: AppState) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = state.stopped() => return,
        }
        state.probe_shared().await;
    }
}
