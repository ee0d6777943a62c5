use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

use crate::sign::SignError;

/// How long a token lives: a [`Duration`], or text such as `15 minutes`, `2 days`, `1h30m` or `PT15M`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifetime(Result<Duration, String>);

impl Lifetime {
    /// Returns the duration; a text that is none, a negative or a zero one is an error.
    pub(crate) fn duration(&self) -> Result<Duration, SignError> {
        match &self.0 {
            Ok(duration) if duration.as_secs() > 0 => Ok(*duration),
            Ok(_) => Err(SignError::Lifetime { problem: "it is shorter than a second".to_owned() }),
            Err(problem) => Err(SignError::Lifetime { problem: problem.clone() }),
        }
    }
}

impl From<Duration> for Lifetime {
    fn from(duration: Duration) -> Self {
        Self(Ok(duration))
    }
}

impl From<&str> for Lifetime {
    fn from(text: &str) -> Self {
        Self(parse(text))
    }
}

impl From<&String> for Lifetime {
    fn from(text: &String) -> Self {
        Self(parse(text))
    }
}

/// A day is 24 hours and a week seven days; months and years have no fixed length and are refused.
fn parse(text: &str) -> Result<Duration, String> {
    let span: Span = text.trim().parse().map_err(|error| format!("{text:?}: {error}"))?;
    let signed = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| format!("{text:?}: months and years have no fixed length, use days"))?;
    Duration::try_from(signed).map_err(|_| format!("{text:?} is negative"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<u64> {
        Lifetime::from(text).duration().ok().map(|duration| duration.as_secs())
    }

    #[test]
    fn people_write_durations_in_many_ways() {
        assert_eq!(seconds("2 days"), Some(172_800));
        assert_eq!(seconds("1h30m"), Some(5_400));
        assert_eq!(seconds("15 minutes"), Some(900));
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("1 week"), Some(604_800));
        assert_eq!(seconds("PT15M"), Some(900));
        assert_eq!(seconds("1 hour, 30 minutes"), Some(5_400));
    }

    #[test]
    fn what_is_no_lifetime_is_refused() {
        for text in [
            "",
            "soon",
            "15",
            "-5 minutes",
            "5 minutes ago",
            "0s",
            "300ms",
            "1 month",
            "1 year",
            "9999999999999999d",
        ] {
            assert_eq!(seconds(text), None, "{text:?}");
        }
    }
}
