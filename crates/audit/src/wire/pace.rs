use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// Keeps requests from going out faster than allowed.
#[derive(Debug)]
pub(super) struct Pace {
    gap: Option<Duration>,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// Allows so many requests a second; without a number as many as there are.
    pub(super) fn new(per_second: Option<u32>) -> Self {
        let gap = per_second.map(|rate| Duration::from_secs(1) / rate.max(1));
        Self { gap, next: Mutex::new(None) }
    }

    /// Waits until the next request may go out.
    pub(super) async fn wait(&self) {
        let Some(gap) = self.gap else { return };
        let mut next = self.next.lock().await;
        let now = Instant::now();
        let turn = next.unwrap_or(now).max(now);
        *next = Some(turn + gap);
        drop(next);
        tokio::time::sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Pace;

    #[tokio::test(start_paused = true)]
    async fn no_more_requests_go_out_than_are_allowed() {
        let pace = Pace::new(Some(10));
        let start = Instant::now();

        for _ in 0..11 {
            pace.wait().await;
        }

        assert!(start.elapsed() >= Duration::from_secs(1));
    }
}
