use handstamp_token::UnixTime;

/// Where the time comes from. A verifier is given one; tests give a clock they move by hand.
pub trait Clock: Send + Sync {
    /// Returns the current time.
    fn now(&self) -> UnixTime;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> UnixTime {
        last_tick().unwrap_or_else(exactly)
    }
}

/// Returns the time as of the kernel's last tick, at a quarter of the price, where it is surely in the same second as now: tokens
/// count in whole seconds. A tick lasts 10 ms at most.
#[cfg(target_os = "linux")]
#[inline]
fn last_tick() -> Option<UnixTime> {
    use rustix::time::{ClockId, Nsecs, clock_gettime};

    const SAME_SECOND: Nsecs = 980_000_000;
    let tick = clock_gettime(ClockId::RealtimeCoarse);
    let same_second = tick.tv_nsec < SAME_SECOND;
    same_second.then(|| UnixTime::from_secs(tick.tv_sec))
}

/// Other systems have no such clock, or none that costs less.
#[cfg(not(target_os = "linux"))]
#[inline]
fn last_tick() -> Option<UnixTime> {
    None
}

#[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the clock")]
fn exactly() -> UnixTime {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Clock as _, SystemClock, exactly};

    #[test]
    fn never_lags_behind_the_exact_time_not_even_at_the_turn_of_a_second() {
        let start = exactly();
        loop {
            let before = exactly();
            let now = SystemClock.now();
            let after = exactly();

            assert!(before <= now && now <= after, "{now:?} is not between {before:?} and {after:?}");
            if now > start {
                break;
            }
        }
    }
}
