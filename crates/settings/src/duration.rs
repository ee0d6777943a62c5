//! Durations as people write them: `"10m"`, `"30s"`, `"1h 30m"`, `"2 days"`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de};

/// The text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a duration: write a number and a unit, such as \"30s\", \"10m\", \"12h\" or \"7 days\""
)]
pub struct DurationError {
    text: String,
}

/// Reads a duration. A number without a unit is refused: nobody should have to guess whether it was seconds.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let wrong = || DurationError { text: text.chars().take(80).collect() };
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = rest[digits..].trim_start();
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = unit_millis(&rest[..letters]).ok_or_else(wrong)?;
        let part = count.checked_mul(unit).map(Duration::from_millis).ok_or_else(wrong)?;
        total = total.checked_add(part).ok_or_else(wrong)?;
        rest = rest[letters..].trim_start();
    }
    Ok(total)
}

fn unit_millis(unit: &str) -> Option<u64> {
    const SECOND: u64 = 1_000;
    const MINUTE: u64 = 60 * SECOND;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    Some(match unit {
        "ms" | "millisecond" | "milliseconds" => 1,
        "s" | "sec" | "second" | "seconds" => SECOND,
        "m" | "min" | "minute" | "minutes" => MINUTE,
        "h" | "hour" | "hours" => HOUR,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7 * DAY,
        _ => return None,
    })
}

/// Writes a duration in the largest unit that loses nothing.
pub fn format(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units: [(u128, &str); 5] =
        [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
    let (size, unit) = units
        .into_iter()
        .find(|(size, _)| millis != 0 && millis.is_multiple_of(*size))
        .unwrap_or((1_000, "s"));
    format!("{}{unit}", millis / size)
}

/// Writes a duration, for `#[serde(with = …)]`.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*duration))
}

/// Reads a duration, for `#[serde(with = …)]`.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map_err(de::Error::custom)
}

/// A duration, or `never`.
pub mod or_never {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de};

    /// The word for none: nobody should have to guess what no time at all would mean.
    const NEVER: &str = "never";

    /// Writes it, for `#[serde(with = …)]`.
    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => super::serialize(duration, serializer),
            None => serializer.serialize_str(NEVER),
        }
    }

    /// Reads it, for `#[serde(with = …)]`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.trim() == NEVER { Ok(None) } else { super::parse(&text).map(Some).map_err(de::Error::custom) }
    }
}

/// A duration that may be left out.
pub mod optional {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    /// Writes it, for `#[serde(with = …)]`.
    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => super::serialize(duration, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads it, for `#[serde(with = …)]`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{format, parse};

    #[test]
    fn durations_read_like_english() {
        for (text, seconds) in [
            ("10m", 600),
            ("30s", 30),
            ("2 days", 172_800),
            ("1h 30m", 5_400),
            ("1h30m", 5_400),
            ("1 week", 604_800),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn what_leaves_room_for_guessing_is_refused() {
        for text in [
            "",
            " ",
            "10",
            "m",
            "-5m",
            "1.5h",
            "10 parsecs",
            "10m and a bit",
            "99999999999999999999s",
            "10µs",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for millis in [0, 1, 999, 1_000, 90_000, 3_600_000, 86_400_000, 2_592_000_000] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse(&format(duration)), Ok(duration));
        }
    }
}
