use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time as a `NumericDate`: whole seconds since 1970-01-01T00:00:00Z ([RFC 7519 §2]).
///
/// This crate never reads a clock; whoever calls says what time it is. Arithmetic saturates, so no date from a token can
/// make it panic.
///
/// [RFC 7519 §2]: https://www.rfc-editor.org/rfc/rfc7519#section-2
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(i64);

impl UnixTime {
    /// 9999-12-31T23:59:59Z, the last second a date in a token may name. Beyond it lie milliseconds taken for seconds
    /// and values made to overflow somebody's arithmetic.
    pub const MAX_IN_TOKEN: Self = Self(253_402_300_799);

    /// Creates a time from seconds since the epoch.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs)
    }

    /// Returns the seconds since the epoch.
    pub const fn as_secs(self) -> i64 {
        self.0
    }

    /// Returns this time plus the whole seconds of `duration`, at most the largest representable time.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_seconds(duration)))
    }

    /// Returns this time minus the whole seconds of `duration`, at least the smallest representable time.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(whole_seconds(duration)))
    }

    /// Returns how long ago `earlier` was, or zero if it lies ahead.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Returns the distance to `now` in words: `3 minutes ago`, `in 2 hours`, `just now`.
    pub(crate) fn relative_to(self, now: Self) -> Relative {
        Relative { seconds: self.0.saturating_sub(now.0) }
    }
}

/// RFC 3339 in UTC. A time outside the years -9999 to 9999 prints as its number of seconds.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(timestamp) => fmt::Display::fmt(&timestamp, f),
            Err(_) => write!(f, "{} s", self.0),
        }
    }
}

/// A distance in time, worded for people with its largest fitting unit.
pub(crate) struct Relative {
    seconds: i64,
}

impl fmt::Display for Relative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.seconds == 0 {
            return f.write_str("just now");
        }
        let amount = InWords(Duration::from_secs(self.seconds.unsigned_abs()));
        if self.seconds < 0 { write!(f, "{amount} ago") } else { write!(f, "in {amount}") }
    }
}

/// A duration worded with its largest fitting unit, rounded down: `90 seconds` is `1 minute`.
pub(crate) struct InWords(pub(crate) Duration);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
        let seconds = self.0.as_secs();
        let (size, unit) = UNITS.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1, "second"));
        let count = seconds / size;
        write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_instead_of_panicking() {
        let latest = UnixTime::from_secs(i64::MAX);
        assert_eq!(latest.saturating_add(Duration::MAX), latest);
        assert_eq!(UnixTime::from_secs(i64::MIN).saturating_sub(Duration::MAX).as_secs(), i64::MIN);
        assert_eq!(UnixTime::from_secs(1).saturating_since(UnixTime::from_secs(2)), Duration::ZERO);
        assert_eq!(latest.to_string(), "9223372036854775807 s");
    }

    #[test]
    fn distances_read_like_english() {
        let now = UnixTime::from_secs(1_000_000);
        let at = |offset: i64| UnixTime::from_secs(1_000_000 + offset).relative_to(now).to_string();
        assert_eq!(at(0), "just now");
        assert_eq!(at(-1), "1 second ago");
        assert_eq!(at(-200), "3 minutes ago");
        assert_eq!(at(7_200), "in 2 hours");
        assert_eq!(at(-172_800), "2 days ago");
    }
}
