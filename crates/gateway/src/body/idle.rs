use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Loses patience with a body that stands still. Costs nothing until one does for the first time.
#[derive(Debug)]
pub(super) struct Idle {
    patience: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
}

impl Idle {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, sleep: None, is_waiting: false }
    }

    /// Notes that something has come.
    pub(super) fn moved(&mut self) {
        self.is_waiting = false;
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Is ready when nothing has come for too long.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience;
        let sleep = self.sleep.get_or_insert_with(|| {
            self.is_waiting = true;
            Box::pin(sleep(patience))
        });
        if !self.is_waiting {
            self.is_waiting = true;
            sleep.as_mut().reset(Instant::now() + patience);
        }
        sleep.as_mut().poll(cx)
    }
}
