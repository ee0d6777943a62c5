//! When a certificate ends: the one thing in it that the TLS library reads and does not tell a server.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

// Tags of DER (ITU-T X.690 §8).
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const EXPLICIT_VERSION: u8 = 0xa0;

/// Returns the `notAfter` of a certificate (RFC 5280 §4.1); `None` where there is none to be found.
pub(super) fn end(certificate: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = read(certificate, SEQUENCE)?;
    let (fields, _) = read(certificate, SEQUENCE)?;
    let fields = read(fields, EXPLICIT_VERSION).map_or(fields, |(_, rest)| rest);
    let (_serial, fields) = read(fields, INTEGER)?;
    let (_signature, fields) = read(fields, SEQUENCE)?;
    let (_issuer, fields) = read(fields, SEQUENCE)?;
    let (validity, _) = read(fields, SEQUENCE)?;
    let (_, validity) = read_time(validity)?;
    let (not_after, _) = read_time(validity)?;
    Some(not_after)
}

/// Splits off the content of the element that comes first, if it is one of this tag. What follows is returned too.
fn read(text: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, text) = text.split_first()?;
    let (len, text) = read_len(text)?;
    (*found == tag).then(|| text.split_at_checked(len))?
}

/// Reads a length: a byte below 128, or a byte that says how many follow.
fn read_len(text: &[u8]) -> Option<(usize, &[u8])> {
    let (first, text) = text.split_first()?;
    if *first < 0x80 {
        return Some((usize::from(*first), text));
    }
    let (len, text) = text.split_at_checked(usize::from(first & 0x7f))?;
    // Longer ones belong to certificates of many megabytes.
    let in_range = (1..=3).contains(&len.len());
    in_range.then(|| (len.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)), text))
}

/// Reads a time of either kind, both of which are in UTC and have seconds (RFC 5280 §4.1.2.5).
fn read_time(text: &[u8]) -> Option<(Timestamp, &[u8])> {
    if let Some((time, rest)) = read(text, UTC_TIME) {
        let (year, time) = digits(time, 2)?;
        let century = if year < 50 { 2000 } else { 1900 };
        return Some((moment(century + year, time)?, rest));
    }
    let (time, rest) = read(text, GENERALIZED_TIME)?;
    let (year, time) = digits(time, 4)?;
    Some((moment(year, time)?, rest))
}

/// Reads `MMDDhhmmssZ`.
fn moment(year: i16, text: &[u8]) -> Option<Timestamp> {
    let mut rest = text;
    let mut two = || {
        let (number, after) = digits(rest, 2)?;
        rest = after;
        i8::try_from(number).ok()
    };
    let (month, day, hour, minute, second) = (two()?, two()?, two()?, two()?, two()?);
    let time = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    // `99991231235959Z`, a certificate without an end, is some hours beyond what a timestamp holds.
    (rest == b"Z").then(|| time.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |time| time.timestamp()))
}

fn digits(text: &[u8], count: usize) -> Option<(i16, &[u8])> {
    let (digits, rest) = text.split_at_checked(count)?;
    // At most four of them: they fit.
    let number = digits.iter().try_fold(0, |number: i16, byte| {
        byte.is_ascii_digit().then(|| number * 10 + i16::from(byte - b'0'))
    })?;
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{end, read_time};

    fn time(tag: u8, text: &str) -> Option<String> {
        let len = u8::try_from(text.len()).unwrap();
        let element = [&[tag, len], text.as_bytes()].concat();
        read_time(&element).map(|(time, _)| time.to_string())
    }

    #[test]
    fn two_digits_of_a_year_turn_at_fifty() {
        assert_eq!(time(0x17, "491231235959Z").as_deref(), Some("2049-12-31T23:59:59Z"));
        assert_eq!(time(0x17, "500101000000Z").as_deref(), Some("1950-01-01T00:00:00Z"));
    }

    #[test]
    fn four_digits_of_a_year_are_taken_as_they_are() {
        assert_eq!(time(0x18, "20610102030405Z").as_deref(), Some("2061-01-02T03:04:05Z"));
    }

    /// RFC 5280 §4.1.2.5: a certificate that has no end says so by this time.
    #[test]
    fn the_last_second_of_all_is_as_late_as_a_timestamp_gets() {
        assert_eq!(time(0x18, "99991231235959Z"), Some(Timestamp::MAX.to_string()));
    }

    #[test]
    fn what_is_not_a_time_is_none() {
        for wrong in
            ["", "2", "491331235959Z", "491231235959", "4912312359Z", "491231235959+0100", "49123123595xZ"]
        {
            assert_eq!(time(0x17, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn broken_certificates_have_no_end_and_break_nothing() {
        for broken in [
            &b""[..],
            b"\x30",
            b"\x30\x80",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x03\x30\x01\x02",
            &[0x30; 64],
        ] {
            assert_eq!(end(broken), None, "{broken:?}");
        }
    }
}
