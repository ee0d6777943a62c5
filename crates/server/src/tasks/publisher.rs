use std::time::Duration;

use handstamp_api_types::revocation::HEARTBEAT_SECONDS;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::AppState;

/// How soon what other processes have committed is noticed: one indexed read each time. What this one commits is
/// published at once.
const POLL: Duration = Duration::from_millis(20);
/// The same where other replicas tell: news may get lost, and commands tell nobody.
const POLL_BESIDE_NEWS: Duration = Duration::from_millis(250);
/// How often what nobody needs any more is forgotten.
const SWEEP: Duration = Duration::from_secs(1);

/// Publishes the revocation log.
pub(super) async fn run(state: AppState) {
    let ticking = |period| {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    };
    let mut heartbeats = ticking(Duration::from_secs(HEARTBEAT_SECONDS));
    let mut sweeps = ticking(SWEEP);
    let mut silent_since: Option<Instant> = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(poll(&state)) => {}
            () = state.feed().woken() => {}
            // A store that is away would say so again and again.
            () = moved(&state), if silent_since.is_none() => {}
            () = state.stopped() => return,
            _ = sweeps.tick() => {
                state.feed().sweep(state.now()).await;
                continue;
            }
            // Only while the log can be read and the time is right: a heartbeat says that there is nothing more to know as of now.
            _ = heartbeats.tick(), if silent_since.is_none() && !state.right_time().is_off() => {
                state.feed().beat(state.core(), state.now());
                continue;
            }
        }
        let caught_up = state.feed().catch_up(state.core(), state.now()).await;
        // A leaked key may have been among the news.
        state.gate().take_keys(state.core());
        match caught_up {
            Ok(()) => {
                if let Some(since) = silent_since.take() {
                    tracing::info!(
                        seconds = since.elapsed().as_secs(),
                        "the revocation log can be read again"
                    );
                }
            }
            Err(error) => {
                if silent_since.is_none() {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the revocation log cannot be read"
                    );
                }
                silent_since.get_or_insert_with(Instant::now);
            }
        }
    }
}

fn poll(state: &AppState) -> Duration {
    if state.fan_out().is_some_and(|fan_out| fan_out.is_listening()) { POLL_BESIDE_NEWS } else { POLL }
}

/// Returns when this process has committed an event that was not published yet.
async fn moved(state: &AppState) {
    state.core().store.log_moved(state.feed().log_position()).await;
}
