use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// So many failures in a row are no accident.
const TOO_MANY: u32 = 3;

/// How long a target is left alone after that; twice as long each further time.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(30);

/// How a target is doing: by what it says itself where it is asked, and by what became of requests.
#[derive(Debug)]
pub(crate) struct Health {
    began: Instant,
    /// What it says of itself.
    says_well: AtomicBool,
    failures: AtomicU32,
    /// In milliseconds since the beginning.
    rests_until: AtomicU64,
}

impl Health {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            says_well: AtomicBool::new(true),
            failures: AtomicU32::new(0),
            rests_until: AtomicU64::new(0),
        }
    }

    pub(crate) fn is_well(&self, now: Instant) -> bool {
        self.may_be_well() && self.rests_until.load(Ordering::Relaxed) <= self.millis(now)
    }

    /// Returns whether nothing but failed requests speaks against it.
    pub(super) fn may_be_well(&self) -> bool {
        self.says_well.load(Ordering::Relaxed)
    }

    /// Notes that it has answered, whatever.
    pub(crate) fn answered(&self) {
        // Most of the time there is nothing to write, and readers on other cores are not disturbed.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
            self.rests_until.store(0, Ordering::Relaxed);
        }
    }

    /// Notes that a request could not be sent, or was not answered.
    pub(crate) fn failed(&self, now: Instant) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if let Some(times) = failures.checked_sub(TOO_MANY) {
            let rest = FIRST_REST.saturating_mul(1 << times.min(5)).min(LONGEST_REST);
            self.rests_until.store(self.millis(now + rest), Ordering::Relaxed);
        }
    }

    /// Notes what it says of itself, and returns whether that is news.
    pub(super) fn says(&self, well: bool) -> bool {
        if well {
            self.answered();
        }
        self.says_well.swap(well, Ordering::Relaxed) != well
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.began).as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Health;

    #[tokio::test(start_paused = true)]
    async fn a_single_failure_is_forgiven_and_an_answer_forgives_all() {
        let (health, now) = (Health::new(), Instant::now());
        health.failed(now);
        health.failed(now);
        assert!(health.is_well(now));

        health.answered();
        health.failed(now);
        assert!(health.is_well(now));
    }

    #[tokio::test(start_paused = true)]
    async fn each_further_failure_doubles_the_rest_up_to_a_bound() {
        let (health, now) = (Health::new(), Instant::now());
        let rests = |health: &Health| {
            (0..60).find(|second| health.is_well(now + Duration::from_secs(*second))).unwrap()
        };
        let rests: Vec<_> = (0..9)
            .map(|_| {
                health.failed(now);
                rests(&health)
            })
            .collect();

        assert_eq!(rests, [0, 0, 1, 2, 4, 8, 16, 30, 30]);
    }
}
