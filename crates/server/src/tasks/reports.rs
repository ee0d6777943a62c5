use std::time::Duration;

use crate::AppState;

/// How long reports of verifiers are gathered before they are written.
const GATHER: Duration = Duration::from_secs(1);

/// Writes down what verifiers report, about once a second: a service that reports every second is one row, not many writes, and
/// no report waits for the disk.
pub(super) async fn run(state: AppState) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(GATHER) => {}
            () = state.stopped() => return,
        }
        state.write_reports().await;
    }
}
