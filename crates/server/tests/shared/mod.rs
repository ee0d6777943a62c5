//! What replicas share, and what becomes of it when they cannot.

mod limits;
mod news;
mod profiles;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use handstamp_core::shared::{Limits, LocalLimits, Outcome, Settled, SharedError, Take};
use jiff::Timestamp;

/// What several replicas of one test count on, until it is taken away.
#[derive(Default)]
struct Counting {
    limits: LocalLimits,
    is_away: AtomicBool,
    asked: AtomicUsize,
}

impl Counting {
    fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    /// Returns how often it was asked since the last time.
    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }

    fn answer<T>(&self, answer: impl FnOnce() -> T) -> Result<T, SharedError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) {
            Err(SharedError::away("it was taken away"))
        } else {
            Ok(answer())
        }
    }
}

#[async_trait]
impl Limits for Counting {
    async fn take(&self, wanted: &[Take], now: Timestamp) -> Result<Outcome, SharedError> {
        self.answer(|| self.limits.take(wanted, now))
    }

    async fn settle(&self, settled: &Settled, now: Timestamp) -> Result<(), SharedError> {
        self.answer(|| self.limits.settle(settled, now))
    }

    async fn clean_up(&self, now: Timestamp) -> Result<bool, SharedError> {
        self.answer(|| self.limits.sweep(now)).map(|()| false)
    }
}

fn counting() -> Arc<Counting> {
    Arc::default()
}
