use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use handstamp_core::model::{SessionId, Step};
use jiff::Timestamp;

use crate::AppState;

/// How long sightings are gathered before they are written.
const GATHER: Duration = Duration::from_secs(1);
/// So many sightings wait at most; further ones are dropped, and the next request of the session makes up for it.
const MOST_WAITING: usize = 10_000;

/// Sessions of which an access token has come back and which the store does not know of yet.
///
/// A request must not wait for this write, and a session that calls a hundred times a second is one row, not a hundred.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    waiting: Mutex<HashMap<SessionId, (Step, Timestamp)>>,
}

impl Seen {
    /// Notes that a token which was issued under `step` came back.
    pub(crate) fn note(&self, session: SessionId, step: Step, now: Timestamp) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST_WAITING || waiting.contains_key(&session) {
            let newest = waiting.entry(session).or_insert((step, now));
            // A straggler with an older token says nothing about the current one.
            if step >= newest.0 {
                *newest = (step, now);
            }
        }
    }

    /// Takes what is to be written.
    pub(crate) fn take(&self) -> HashMap<SessionId, (Step, Timestamp)> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes what was seen, about once a second, and once more at the end.
pub(super) async fn run(state: AppState) {
    loop {
        let stopping = tokio::select! {
            () = tokio::time::sleep(GATHER) => false,
            () = state.stopped() => true,
        };
        state.write_seen().await;
        if stopping {
            return;
        }
    }
}
