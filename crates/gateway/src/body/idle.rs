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
    /// Since when somebody has waited for what comes next. Who does not ask for it, because a reader is slow, is not waiting.
    waiting: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Idle {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, waiting: None, sleep: None }
    }

    /// Notes that something has come.
    pub(super) fn moved(&mut self) {
        self.waiting = None;
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Is ready when nothing has come for too long.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let due = since + self.patience;
        let first = due.min(since + FIRST_LOOK);
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;

    use super::Idle;

    const PATIENCE: Duration = Duration::from_secs(30);

    async fn is_over(idle: &mut Idle) -> bool {
        poll_fn(|cx| Poll::Ready(idle.poll(cx).is_ready())).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_is_over() {
        let mut idle = Idle::new(PATIENCE);
        assert!(!is_over(&mut idle).await);

        tokio::time::advance(PATIENCE).await;

        assert!(is_over(&mut idle).await);
    }

    /// Nobody asks for the next piece while the last one is not written.
    #[tokio::test(start_paused = true)]
    async fn a_reader_that_is_slow_uses_up_nobodys_patience() {
        let mut idle = Idle::new(PATIENCE);
        assert!(!is_over(&mut idle).await);
        idle.moved();

        tokio::time::advance(2 * PATIENCE).await;

        assert!(!is_over(&mut idle).await);
        tokio::time::advance(PATIENCE).await;
        assert!(is_over(&mut idle).await);
    }
}
