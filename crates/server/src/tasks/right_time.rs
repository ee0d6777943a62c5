use std::time::Duration;

use crate::AppState;

/// How often the clocks are compared, and so how long a machine whose clock jumps may go on: one statement without a table.
const EVERY: Duration = Duration::from_secs(1);

/// Finds out when this machine's clock is off, and when it is right again.
pub(super) async fn run(state: AppState) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = state.stopped() => return,
        }
        // A database that is away is told of elsewhere.
        let _ = state.compare_clocks().await;
    }
}
