use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Limits, Outcome, Quota, Refusal, Settled, SharedError, SharedKey, Take};

/// So many buckets are remembered at most, and as many marks. An attacker with more addresses than this has other ways.
const MOST: usize = 100_000;
/// How many are looked at for one to forget when there are too many.
const SAMPLE: usize = 16;

/// Counts the attempts that this process hears of.
#[derive(Default)]
pub struct LocalLimits(Mutex<Counted>);

/// All times are microseconds.
#[derive(Default)]
struct Counted {
    full_again_at: HashMap<SharedKey, i64>,
    marked_until: HashMap<SharedKey, i64>,
}

impl LocalLimits {
    /// Takes an attempt from each of these buckets, or from none of them.
    pub fn take(&self, wanted: &[Take], now: Timestamp) -> Outcome {
        let (mut counted, now) = (self.lock(), now.as_microsecond());
        let mut taken = Vec::with_capacity(wanted.len());
        for (place, take) in wanted.iter().enumerate() {
            match counted.after(take, now) {
                Ok(after) => taken.push(after),
                Err(wait) => return Outcome::Refused(Refusal { by: place, wait }),
            }
        }
        for &(bucket, after) in taken.iter().flatten() {
            put(&mut counted.full_again_at, bucket, after, now);
        }
        Outcome::Taken(taken.into_iter().map(|taken| taken.map(|(bucket, _)| bucket)).collect())
    }

    /// Returns why these cannot be taken, where that is certain: what somebody is not known by here, they may be known by elsewhere.
    pub fn surely_refuses(&self, wanted: &[Take], now: Timestamp) -> Option<Refusal> {
        let (mut counted, now) = (self.lock(), now.as_microsecond());
        wanted.iter().enumerate().find_map(|(place, take)| {
            if take.known.is_some_and(|known| !counted.is_marked(known.mark, now)) {
                return None;
            }
            counted.after(take, now).err().map(|wait| Refusal { by: place, wait })
        })
    }

    /// Counts what was taken elsewhere.
    pub fn note(&self, taken: impl IntoIterator<Item = (SharedKey, Quota)>, now: Timestamp) {
        let (mut counted, now) = (self.lock(), now.as_microsecond());
        for (bucket, quota) in taken {
            if let Ok(after) = quota.after(counted.full_again_at.get(&bucket).copied(), now) {
                put(&mut counted.full_again_at, bucket, after, now);
            }
        }
    }

    /// Gives attempts back, and sets marks.
    pub fn settle(&self, settled: &Settled, now: Timestamp) {
        let (mut counted, now) = (self.lock(), now.as_microsecond());
        for (bucket, quota) in &settled.back {
            let Some(full) = counted.full_again_at.get_mut(bucket) else { continue };
            *full -= quota.step_micros();
            if *full <= now {
                counted.full_again_at.remove(bucket);
            }
        }
        let marked_for = i64::try_from(settled.marked_for.as_micros()).unwrap_or(i64::MAX);
        for mark in &settled.marks {
            put(&mut counted.marked_until, *mark, now.saturating_add(marked_for), now);
        }
    }

    /// Forgets full buckets and marks that are over.
    pub fn sweep(&self, now: Timestamp) {
        let (mut counted, now) = (self.lock(), now.as_microsecond());
        counted.full_again_at.retain(|_, full| *full > now);
        counted.marked_until.retain(|_, until| *until > now);
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// Returns which bucket counts, and when it is full again if one is taken; or how long to wait for one.
    fn after(&mut self, take: &Take, now: i64) -> Result<Option<(SharedKey, i64)>, Duration> {
        let known = take.known.filter(|known| self.is_marked(known.mark, now));
        let Some(bucket) = known.map_or(Some(take.bucket), |known| known.instead) else { return Ok(None) };
        let full = self.full_again_at.get_mut(&bucket).map(|full| {
            *full = take.quota.within_a_window(*full, now);
            *full
        });
        let after = take.quota.after(full, now)?;
        Ok(Some((bucket, after)))
    }

    fn is_marked(&self, mark: SharedKey, now: i64) -> bool {
        self.marked_until.get(&mark).is_some_and(|until| *until > now)
    }
}

/// Keeps a time, and forgets another one where there are too many.
fn put(times: &mut HashMap<SharedKey, i64>, key: SharedKey, time: i64, now: i64) {
    if times.len() >= MOST && !times.contains_key(&key) {
        make_room(times, now);
    }
    times.insert(key, time);
}

/// Forgets those that are over; or one, which among a few is the nearest to that, and so loses least.
fn make_room(times: &mut HashMap<SharedKey, i64>, now: i64) {
    let least = times.iter().take(SAMPLE).min_by_key(|(_, time)| **time).map(|(key, time)| (*key, *time));
    let Some((key, time)) = least else { return };
    if time <= now {
        times.retain(|_, time| *time > now);
    } else {
        times.remove(&key);
    }
}

#[async_trait]
impl Limits for LocalLimits {
    async fn take(&self, wanted: &[Take], now: Timestamp) -> Result<Outcome, SharedError> {
        Ok(Self::take(self, wanted, now))
    }

    async fn settle(&self, settled: &Settled, now: Timestamp) -> Result<(), SharedError> {
        Self::settle(self, settled, now);
        Ok(())
    }

    async fn clean_up(&self, now: Timestamp) -> Result<bool, SharedError> {
        self.sweep(now);
        Ok(false)
    }
}

impl fmt::Debug for LocalLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = self.lock();
        f.debug_struct("LocalLimits")
            .field("buckets", &counted.full_again_at.len())
            .field("marks", &counted.marked_until.len())
            .finish()
    }
}
