//! Single values as a column keeps them.

use jiff::Timestamp;

// Times are whole nanoseconds since 1970, so that what is read equals what was written to the last digit: a change
// carries what was read, and conflicts when it is no longer so. An i64 reaches from 1677 to 2262; what lies beyond is
// kept as the end of time, which is what an expiry in the year 9999 means.

/// Returns a time as a column keeps it.
pub fn time(time: Timestamp) -> i64 {
    let nanoseconds = time.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}

/// Returns the time that a column keeps as this number.
pub(super) fn to_time(nanoseconds: i64) -> Timestamp {
    match nanoseconds {
        i64::MAX => Timestamp::MAX,
        i64::MIN => Timestamp::MIN,
        // Never fails: all of an i64 lies within the years that a `Timestamp` knows.
        inside => Timestamp::from_nanosecond(inside.into()).unwrap_or(Timestamp::MAX),
    }
}

/// Returns a number as a column keeps it. One past the end matches none: nothing is counted that far.
pub fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns a list of texts as a column keeps it.
pub fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    serde_json::Value::from_iter(texts).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_comes_back_to_the_nanosecond() {
        for text in
            ["1969-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00Z", "2026-11-22T06:16:39.123456789Z"]
        {
            let moment: Timestamp = text.parse().unwrap();
            assert_eq!(to_time(time(moment)), moment, "{text}");
        }
    }

    #[test]
    fn the_ends_of_time_come_back() {
        for end in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(to_time(time(end)), end);
        }
    }

    #[test]
    fn a_time_beyond_2262_never_comes() {
        let moment: Timestamp = "3000-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(to_time(time(moment)), Timestamp::MAX);
    }
}
