use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Whoever waits for a body looks up after this long in any case: what takes longer is watched for the end of its session.
pub(crate) const FIRST_LOOK: Duration = Duration::from_secs(1);

/// Loses patience with a body that stands still. Costs nothing until one does for the first time, and one timer then.
#[derive(Debug)]
pub(super) struct Idle {
    patience: Duration,
    moved: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Idle {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, moved: Instant::now(), sleep: None }
    }

    /// Notes that something has come.
    pub(super) fn moved(&mut self) {
        self.moved = Instant::now();
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Is ready when nothing has come for too long.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let due = self.moved + self.patience;
        let first = due.min(self.moved + FIRST_LOOK);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(first)));
        loop {
            ready!(sleep.as_mut().poll(cx));
            if due <= Instant::now() {
                return Poll::Ready(());
            }
            // The timer is set anew only when it goes off: what moves all the time does not touch it.
            sleep.as_mut().reset(due);
        }
    }
}
