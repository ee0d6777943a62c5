use std::{collections::HashMap, hash::Hash, sync::Mutex, sync::PoisonError, time::Duration};

use jiff::{SignedDuration, Timestamp};

/// So many keys are remembered at most. An attacker with more addresses than this has other ways.
const MOST_KEYS: usize = 100_000;
/// How many keys are looked at for one to forget when there are too many.
const SAMPLE: usize = 16;

/// Attempts per key: `attempts` at once, then one each `window / attempts`.
///
/// Each key holds one time (the generic cell rate algorithm): when its bucket will be full again.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    attempts: u32,
    window: SignedDuration,
    full_again_at: Mutex<HashMap<K, Timestamp>>,
}

/// What an attempt found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Whether it may go on.
    pub(super) allowed: bool,
    /// How many more may follow at once.
    pub(super) remaining: u32,
    /// When the next attempt comes back.
    pub(super) wait: Duration,
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    pub(super) fn new(attempts: u32, window: Duration) -> Self {
        Self {
            attempts: attempts.max(1),
            window: SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX),
            full_again_at: Mutex::new(HashMap::new()),
        }
    }

    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(super) fn window(&self) -> Duration {
        self.window.unsigned_abs()
    }

    /// Takes one attempt, if there is one.
    pub(super) fn take(&self, key: &K, now: Timestamp) -> Verdict {
        let mut times = self.full_again_at.lock().unwrap_or_else(PoisonError::into_inner);
        let known = times.get_mut(key);
        let full = known.map_or(now, |full| {
            // A clock that was set back must not make anybody wait longer than one window from here.
            *full = (*full).min(later(now, self.window));
            (*full).max(now)
        });
        let after = later(full, self.step());
        let used = after.duration_since(now);
        if used > self.window {
            return Verdict { allowed: false, remaining: 0, wait: (used - self.window).unsigned_abs() };
        }
        if !times.contains_key(key) && times.len() >= MOST_KEYS {
            make_room(&mut times, now);
        }
        times.insert(key.clone(), after);
        let remaining = self.fitting(self.window - used);
        let wait = if remaining == 0 { self.step() } else { SignedDuration::ZERO };
        Verdict { allowed: true, remaining, wait: wait.unsigned_abs() }
    }

    /// Gives one attempt back: it turned out to be right.
    pub(super) fn give_back(&self, key: &K, now: Timestamp) {
        let mut times = self.full_again_at.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(full) = times.get_mut(key) else { return };
        *full = full.checked_sub(self.step()).unwrap_or(now);
        if *full <= now {
            times.remove(key);
        }
    }

    /// Forgets keys whose buckets are full.
    pub(super) fn sweep(&self, now: Timestamp) {
        self.full_again_at.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, full| *full > now);
    }

    fn step(&self) -> SignedDuration {
        i32::try_from(self.attempts)
            .ok()
            .and_then(|n| self.window.checked_div(n))
            .unwrap_or(SignedDuration::ZERO)
    }

    fn fitting(&self, room: SignedDuration) -> u32 {
        let steps = room.as_nanos().checked_div(self.step().as_nanos()).unwrap_or(0);
        u32::try_from(steps).unwrap_or(0)
    }
}

/// Forgets one key: among a few, the one that is nearest to being full and so loses least.
fn make_room<K: Eq + Hash + Clone>(times: &mut HashMap<K, Timestamp>, now: Timestamp) {
    times.retain(|_, full| *full > now);
    if times.len() < MOST_KEYS {
        return;
    }
    let least = times.iter().take(SAMPLE).min_by_key(|(_, full)| **full).map(|(key, _)| key.clone());
    if let Some(key) = least {
        times.remove(&key);
    }
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::{SignedDuration, Timestamp};

    use super::Buckets;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_burst_passes_and_one_more_waits() {
        let buckets = Buckets::new(3, Duration::from_secs(30));

        let remaining: Vec<_> = (0..3).map(|_| buckets.take(&"ann", at(0)).remaining).collect();
        let refused = buckets.take(&"ann", at(0));

        assert_eq!(remaining, [2, 1, 0]);
        assert!(!refused.allowed);
        assert_eq!(refused.wait, Duration::from_secs(10));
    }

    #[test]
    fn attempts_come_back_one_by_one() {
        let buckets = Buckets::new(3, Duration::from_secs(30));
        (0..3).for_each(|_| assert!(buckets.take(&"ann", at(0)).allowed));

        assert!(!buckets.take(&"ann", at(9)).allowed);
        assert!(buckets.take(&"ann", at(10)).allowed);
        assert!(!buckets.take(&"ann", at(10)).allowed);
        assert!(buckets.take(&"ann", at(20)).allowed);
    }

    #[test]
    fn one_key_does_not_pay_for_another() {
        let buckets = Buckets::new(1, Duration::from_secs(30));

        assert!(buckets.take(&"ann", at(0)).allowed);
        assert!(buckets.take(&"bob", at(0)).allowed);
    }

    #[test]
    fn an_attempt_given_back_can_be_taken_again() {
        let buckets = Buckets::new(1, Duration::from_secs(30));
        buckets.take(&"ann", at(0));

        buckets.give_back(&"ann", at(0));

        assert!(buckets.take(&"ann", at(0)).allowed);
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let buckets = Buckets::new(1, Duration::from_secs(30));
        buckets.take(&"ann", at(86_400));

        let refused = buckets.take(&"ann", at(0));

        assert!(refused.wait <= Duration::from_secs(30), "{refused:?}");
        assert!(buckets.take(&"ann", at(30)).allowed);
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let buckets = Buckets::new(1, Duration::from_secs(30));
        buckets.take(&"ann", at(0));

        buckets.sweep(at(30));

        assert!(buckets.full_again_at.lock().unwrap().is_empty());
    }

    #[test]
    fn memory_is_bounded_whatever_arrives() {
        let buckets = Buckets::new(1, Duration::from_secs(30));
        for key in 0..(super::MOST_KEYS + 100) {
            buckets.take(&key, at(0));
        }

        assert!(buckets.full_again_at.lock().unwrap().len() <= super::MOST_KEYS);
        assert!(SignedDuration::ZERO < buckets.step());
    }
}
