use jiff::SignedDuration;

/// Returns a length of time in the two units that matter: `9 min 30 s`, `2 d 4 h`.
pub(crate) fn length(duration: SignedDuration) -> String {
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

/// Returns a number of things: `1 session`, `3 sessions`.
pub(crate) fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// Returns a size in the largest unit that leaves a number above one: `4.2 MB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.into_iter().find(|(size, _)| number >= *size) {
        Some((size, unit)) => format!("{}.{} {unit}", number / size, number % size * 10 / size),
        None => count(number, "byte"),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, count, length};
    use jiff::SignedDuration;

    #[test]
    fn a_length_of_time_names_two_units() {
        let words = |seconds| length(SignedDuration::from_secs(seconds));

        assert_eq!(words(0), "0 s");
        assert_eq!(words(59), "59 s");
        assert_eq!(words(570), "9 min 30 s");
        assert_eq!(words(-86_400 * 2 - 4 * 3_600), "2 d 4 h");
        assert_eq!(words(86_400 + 30), "1 d");
    }

    #[test]
    fn a_size_has_one_digit_after_the_point() {
        let words = [0, 1, 999, 1_000, 4_249_999, 1_999_999_999, u64::MAX].map(bytes);

        let expected = ["0 bytes", "1 byte", "999 bytes", "1.0 kB", "4.2 MB", "1.9 GB", "18446744.0 TB"];
        assert_eq!(words, expected);
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(
            [count(0, "session"), count(1, "session"), count(2, "session")],
            ["0 sessions", "1 session", "2 sessions"]
        );
    }
}
