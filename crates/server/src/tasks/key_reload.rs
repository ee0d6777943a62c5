use std::time::Duration;

use tokio::time::Instant;

use crate::AppState;

/// How soon keys that another process made, rotated or revoked are noticed, and a switch that is due is made: one read of a small
/// table. `keys.publish_ahead` leaves room for this and for the cache time of verifiers.
const EVERY: Duration = Duration::from_secs(1);
/// A failing store is complained about this often.
const COMPLAIN_EVERY: Duration = Duration::from_mins(1);

/// Keeps the keys in order: loads what the command line and other replicas have changed, publishes the next keys, lets them take
/// over when it is their turn, and forgets those that nobody needs.
///
/// A leaked key does not wait for this: its event has the keys loaded again before anybody hears of it.
pub(super) async fn run(state: AppState) {
    let mut complained: Option<Instant> = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = state.keys_asked_for() => {}
            () = state.stopped() => return,
        }
        if let Err(error) = state.keep_keys().await
            && complained.is_none_or(|at| at.elapsed() >= COMPLAIN_EVERY)
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "keeping the keys in order failed");
            complained = Some(Instant::now());
        }
    }
}
