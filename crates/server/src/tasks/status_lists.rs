use crate::{AppState, status_list::LOOK};

/// Keeps the status lists ready that services ask for.
pub(super) async fn run(state: AppState) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = state.stopped() => return,
        }
        state.refresh_status_lists().await;
    }
}
