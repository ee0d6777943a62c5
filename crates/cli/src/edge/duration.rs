use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo};

/// Parses what people write: `30s`, `10m`, `1h 30m`, `2 days`. A day is 24 hours; months and years have no length.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration: write something like \"30s\", \"10m\" or \"2 days\"");
    let span: Span = text.parse().map_err(|_| wrong())?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    Duration::try_from(duration).map_err(|_| wrong())
}

/// Returns a length of time in the two units that matter: `9 min 30 s`, `2 d 4 h`.
pub(crate) fn in_words(duration: SignedDuration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = duration.as_secs().unsigned_abs();
    let mut words = Vec::new();
    for (length, unit) in UNITS {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            words.push(format!("{count} {unit}"));
        }
        // After the largest unit only its neighbour still says something.
        if words.len() == 2 || (!words.is_empty() && count == 0) {
            break;
        }
    }
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::{in_words, parse};
    use jiff::SignedDuration;
    use std::time::Duration;

    #[test]
    fn durations_read_like_english() {
        assert_eq!(parse("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse("2 days"), Ok(Duration::from_secs(172_800)));
        assert_eq!(parse("1h 30m"), Ok(Duration::from_secs(5_400)));
    }

    #[test]
    fn what_has_no_length_is_refused() {
        for wrong in ["", "30", "soon", "2 months", "-5s", "1 year"] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_length_of_time_names_two_units() {
        let words = |seconds| in_words(SignedDuration::from_secs(seconds));

        assert_eq!(words(0), "0 s");
        assert_eq!(words(59), "59 s");
        assert_eq!(words(570), "9 min 30 s");
        assert_eq!(words(-86_400 * 2 - 4 * 3_600), "2 d 4 h");
        assert_eq!(words(86_400 + 30), "1 d");
    }
}
