use std::sync::{Arc, Mutex, PoisonError};

use handstamp_core::{
    model::LogPosition,
    shared::{FanOut, News},
};
use tokio::sync::broadcast::error::RecvError;

use crate::AppState;

/// Tells other replicas what this one has found first, and looks at once where another has found something.
///
/// All of it would be found without: news makes it sooner.
pub(super) async fn run(state: AppState) {
    let Some(fan_out) = state.fan_out().cloned() else { return };
    let heard = Mutex::new(LogPosition { epoch: 0, seq: 0 });
    tokio::select! {
        () = hear(&state, &fan_out, &heard) => {}
        () = tell(&state, &fan_out, &heard) => {}
        () = state.stopped() => {}
    }
}

async fn hear(state: &AppState, fan_out: &Arc<dyn FanOut>, heard: &Mutex<LogPosition>) {
    let mut news = fan_out.news();
    loop {
        match news.recv().await {
            Ok(News::Log(position)) => {
                *heard.lock().unwrap_or_else(PoisonError::into_inner) = position;
                // One's own news comes back as well.
                if position != state.feed().log_position() {
                    state.feed().wake();
                }
            }
            Ok(News::Keys) => state.look_at_keys(),
            Ok(News::Missed) | Err(RecvError::Lagged(_)) => {
                state.feed().wake();
                state.look_at_keys();
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Whoever has heard of a position from another need not tell it again.
async fn tell(state: &AppState, fan_out: &Arc<dyn FanOut>, heard: &Mutex<LogPosition>) {
    let (mut read_to, mut keys) = (state.feed().read_to(), state.keys_moved());
    // Where it stood when this replica began is no news.
    read_to.mark_unchanged();
    loop {
        let news = tokio::select! {
            moved = read_to.changed() => match moved {
                Ok(()) => News::Log(*read_to.borrow_and_update()),
                Err(_) => return,
            },
            moved = keys.changed() => match moved {
                Ok(()) => News::Keys,
                Err(_) => return,
            },
        };
        let is_old = news == News::Log(*heard.lock().unwrap_or_else(PoisonError::into_inner));
        if !is_old && let Err(error) = fan_out.tell(news).await {
            tracing::debug!(error = &error as &dyn std::error::Error, %news, "other replicas have to find it themselves");
        }
    }
}
