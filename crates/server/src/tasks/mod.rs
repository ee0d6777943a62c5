//! What the service does beside answering.

mod fan_out;
mod housekeeping;
mod key_reload;
mod publisher;
mod seen;

use std::time::Duration;

use tokio::task::JoinSet;

pub(crate) use seen::Seen;

use crate::{AppState, status_list};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// Starts every task. They end when the service stops, `seen` when it has written what it knows. None does anything that must not be
/// broken off: whatever is lost is done again.
pub(crate) fn start(state: &AppState) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(publisher::run(state.clone()));
    tasks.spawn(seen::run(state.clone()));
    tasks.spawn(key_reload::run(state.clone()));
    tasks.spawn(fan_out::run(state.clone()));
    tasks.spawn(every(MINUTE, state.clone(), housekeeping::put_away));
    tasks.spawn(every(status_list::LOOK, state.clone(), AppState::refresh_status_lists));
    // A service that reports every second is one row, not many writes, and no report waits for the disk.
    tasks.spawn(every(SECOND, state.clone(), AppState::write_reports));
    // So long may a machine go on whose clock jumps.
    tasks.spawn(every(SECOND, state.clone(), compare_clocks));
    // Where replicas could not share, requests do not try: none of them waits for the answer. Where nobody makes requests, an
    // operator hears of it all the same.
    tasks.spawn(every(SECOND, state.clone(), AppState::probe_shared));
    tasks
}

/// Does something again and again, with a pause before each time.
async fn every(pause: Duration, state: AppState, work: impl AsyncFn(&AppState)) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = state.stopped() => return,
        }
        work(&state).await;
    }
}

/// Finds out when this machine's clock is off, and when it is right again.
async fn compare_clocks(state: &AppState) {
    // A database that is away is told of elsewhere.
    let _ = state.compare_clocks().await;
}
