use handstamp_token::UnixTime;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Map, Value};

use super::{Mark, pattern};

/// What the content of a file begins with until it is written out: only the body's type decides how a file looks in it.
pub(super) const FILE: &str = "\u{1}file\u{1}";

/// Longer than any text a schema demands.
const MAX_LEN: usize = 100_000;

/// Returns a text that fits the schema.
pub(super) fn string(schema: &Map<String, Value>, mark: &Mark, now: UnixTime) -> String {
    let length =
        |member: &str| schema.get(member).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let least = length("minLength").unwrap_or(0).min(MAX_LEN);
    let most = length("maxLength").unwrap_or(MAX_LEN).min(MAX_LEN);
    if is_file(schema) {
        return format!("{FILE}{}", free(mark, least, most));
    }
    if let Some(format) = schema.get("format").and_then(Value::as_str)
        && let Some(text) = of_format(format, mark, now)
    {
        return text;
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
        && let Some(text) = pattern::matching(pattern, least, most)
    {
        return text;
    }
    free(mark, least, most)
}

/// 3.0 says `format: binary`, 3.1 says of which type the content is.
fn is_file(schema: &Map<String, Value>) -> bool {
    schema.get("format").and_then(Value::as_str) == Some("binary") || schema.contains_key("contentMediaType")
}

/// The mark, in full where there is room.
fn free(mark: &Mark, least: usize, most: usize) -> String {
    let mark = mark.as_str();
    // The end of a mark tells it from the others.
    let text = mark.get(mark.len().saturating_sub(most)..).unwrap_or_default();
    let missing = least.saturating_sub(text.len());
    text.to_owned() + &"x".repeat(missing)
}

fn of_format(format: &str, mark: &Mark, now: UnixTime) -> Option<String> {
    Some(match format {
        "date" => tomorrow(now)?.strftime("%Y-%m-%d").to_string(),
        "date-time" => tomorrow(now)?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "time" => "12:00:00Z".to_owned(),
        "duration" => "P1D".to_owned(),
        "email" | "idn-email" => format!("{}@example.org", mark.as_str()),
        "hostname" | "idn-hostname" => "example.org".to_owned(),
        "ipv4" => "192.0.2.1".to_owned(),
        "ipv6" => "2001:db8::1".to_owned(),
        "uri" | "url" | "iri" => format!("https://example.org/{}", mark.as_str()),
        "uri-reference" | "iri-reference" => format!("/{}", mark.as_str()),
        "uuid" => uuid(mark),
        "byte" | "base64" => "aGFuZHN0YW1w".to_owned(),
        "json-pointer" => "/a".to_owned(),
        "regex" => "a*".to_owned(),
        _ => return None,
    })
}

/// A service that wants no date of the past is content.
fn tomorrow(now: UnixTime) -> Option<jiff::Zoned> {
    Timestamp::from_second(now.as_secs()).ok()?.to_zoned(TimeZone::UTC).checked_add(1.day()).ok()
}

/// A version 4 UUID whose digits are those of the mark.
pub(super) fn uuid(mark: &Mark) -> String {
    let mut digits: Vec<u8> = mark.as_str().bytes().rev().map(|byte| byte & 0x0f).take(30).collect();
    digits.resize(30, 0);
    let hex: String =
        digits.iter().rev().map(|digit| char::from_digit(u32::from(*digit), 16).unwrap_or('0')).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
}

#[cfg(test)]
mod tests {
    use handstamp_token::UnixTime;
    use serde_json::json;

    use super::string;
    use crate::synthesis::Mark;

    fn made(schema: &serde_json::Value) -> String {
        string(schema.as_object().unwrap(), &Mark::new("r", 7), UnixTime::from_secs(1_800_000_000))
    }

    #[test]
    fn a_free_text_is_the_mark_as_long_as_it_may_be() {
        assert_eq!(made(&json!({})), "audit-r-0000007");
        assert_eq!(made(&json!({ "minLength": 16 })), "audit-r-0000007x");
        assert_eq!(made(&json!({ "maxLength": 3 })), "007");
    }

    #[test]
    fn formats_and_patterns_are_kept() {
        assert_eq!(made(&json!({ "format": "date" })), "2027-01-16");
        assert_eq!(made(&json!({ "format": "date-time" })), "2027-01-16T08:00:00Z");
        assert_eq!(made(&json!({ "pattern": "^[A-Z]{3}-[0-9]+$" })), "AAA-0");
        let uuid = made(&json!({ "format": "uuid" }));
        assert_eq!((uuid.len(), uuid.as_bytes()[14], uuid.as_bytes()[19]), (36, b'4', b'8'), "{uuid}");
    }

    #[test]
    fn a_pattern_that_cannot_be_read_leaves_a_free_text() {
        assert_eq!(made(&json!({ "pattern": "(?=look)ahead" })), "audit-r-0000007");
    }
}
