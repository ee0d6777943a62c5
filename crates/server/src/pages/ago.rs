use jiff::Timestamp;

use super::texts::{Texts, fill};

/// Says how long ago something was: true in every time zone, of which a page without JavaScript knows nothing.
pub(super) fn words(texts: &Texts, then: Timestamp, now: Timestamp) -> String {
    let texts = &texts.ago;
    let minutes = now.duration_since(then).as_mins();
    let (one, many, count) = match minutes {
        ..1 => return texts.now.clone(),
        1..60 => (&texts.minute, &texts.minutes, minutes),
        60..1440 => (&texts.hour, &texts.hours, minutes / 60),
        _ => (&texts.day, &texts.days, minutes / 1440),
    };
    if count == 1 { one.clone() } else { fill(many, &[("n", &count)]) }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::words;
    use crate::{config::Language, pages::texts::Texts};

    #[test]
    fn the_time_since_is_told_in_the_largest_unit() {
        let then = Timestamp::constant(1_800_000_000, 0);
        for (seconds, shown) in [
            (-5, "just now"),
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (3599, "59 minutes ago"),
            (3600, "1 hour ago"),
            (86_399, "23 hours ago"),
            (86_400, "1 day ago"),
            (40 * 86_400, "40 days ago"),
        ] {
            let now = then + SignedDuration::from_secs(seconds);
            assert_eq!(words(Texts::of(Language::En), then, now), shown);
        }
    }
}
