use std::time::Duration;

/// How many attempts there are: `attempts` at once, then one each `window / attempts`.
///
/// The generic cell rate algorithm: a bucket is one time, at which it will be full again. An attempt moves that time on by a
/// step, and is refused where that would be more than a window ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    attempts: u32,
    window: i64,
}

impl Quota {
    /// Returns the quota of so many attempts, one at least, in so much time.
    pub fn new(attempts: u32, window: Duration) -> Self {
        // A hundred thousand years are as good as for ever, and far from where sums overflow.
        const LONGEST: i64 = i64::MAX / 4;
        let attempts = attempts.max(1);
        let window = i64::try_from(window.as_micros()).unwrap_or(LONGEST).clamp(i64::from(attempts), LONGEST);
        Self { attempts, window }
    }

    /// Returns how many attempts there are at once.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns how long it takes until all of them are free again.
    pub fn window(&self) -> Duration {
        Duration::from_micros(self.window_micros().unsigned_abs())
    }

    /// Returns the window in microseconds.
    pub fn window_micros(&self) -> i64 {
        self.window
    }

    /// Returns after how many microseconds one attempt comes back.
    pub fn step_micros(&self) -> i64 {
        self.window / i64::from(self.attempts)
    }

    /// Returns when the bucket is full again if one more is taken now, in microseconds; or how long to wait for that.
    pub(super) fn after(&self, full_again_at: Option<i64>, now: i64) -> Result<i64, Duration> {
        let full = full_again_at.map_or(now, |full| self.within_a_window(full, now)).max(now);
        let after = full.saturating_add(self.step_micros());
        match self.refusal(after.saturating_sub(now)) {
            Some(wait) => Err(wait),
            None => Ok(after),
        }
    }

    /// Returns when a bucket is full again: a clock that was set back must not make anybody wait longer than one window from here.
    pub(super) fn within_a_window(&self, full_again_at: i64, now: i64) -> i64 {
        full_again_at.min(now.saturating_add(self.window))
    }

    /// Returns how long to wait where one more attempt would leave the bucket full again only after so many microseconds.
    pub fn refusal(&self, used: i64) -> Option<Duration> {
        (used > self.window).then(|| Duration::from_micros((used - self.window).unsigned_abs()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Quota;

    #[test]
    fn no_number_makes_a_quota_that_cannot_be() {
        for (attempts, window) in
            [(0, Duration::ZERO), (u32::MAX, Duration::from_secs(1)), (1, Duration::MAX)]
        {
            let quota = Quota::new(attempts, window);

            assert!(quota.step_micros() > 0, "{quota:?}");
            assert!(quota.after(None, i64::MAX / 2).is_ok(), "{quota:?}");
        }
    }
}
