//! What the service does beside answering.

mod fan_out;
mod housekeeping;
mod key_reload;
mod publisher;
mod reports;
mod right_time;
mod seen;
mod shared;
mod status_lists;

use tokio::task::JoinSet;

pub(crate) use seen::Seen;

use crate::AppState;

/// Starts every task. They end when the service stops; the set then holds nothing that is worth waiting for but `seen`.
pub(crate) fn start(state: &AppState) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(publisher::run(state.clone()));
    tasks.spawn(seen::run(state.clone()));
    tasks.spawn(status_lists::run(state.clone()));
    tasks.spawn(housekeeping::run(state.clone()));
    tasks.spawn(key_reload::run(state.clone()));
    tasks.spawn(reports::run(state.clone()));
    tasks.spawn(right_time::run(state.clone()));
    tasks.spawn(fan_out::run(state.clone()));
    tasks.spawn(shared::run(state.clone()));
    tasks
}
