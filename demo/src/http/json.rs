use handstamp_api_types::{ErrorCode, FieldError};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::Segment;

use super::ServiceError;

/// Reads a JSON object. A mistake is told with its place as a JSON Pointer, in our words and not in the library's.
pub(super) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, ServiceError> {
    // Whether it is JSON at all comes first: a wrong member at its beginning must not hide a broken end.
    serde_json::from_slice::<IgnoredAny>(text).map_err(|error| malformed(&error))?;
    // serde would take a list for a struct, member by member in their order.
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err(invalid(String::new(), "An object is expected."));
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        // Not UTF-8, or half a surrogate pair: noticed only by who reads the text.
        if !error.inner().is_data() {
            return malformed(error.inner());
        }
        let sentence = error.inner().to_string();
        let sentence = sentence.rsplit_once(" at line ").map_or(sentence.as_str(), |(front, _)| front);
        explain(pointer(error.path()), sentence)
    })
}

fn malformed(error: &serde_json::Error) -> ServiceError {
    let detail = format!("The body is not JSON: line {}, column {}.", error.line(), error.column());
    ServiceError::Refused { code: ErrorCode::BodyMalformed, detail }
}

fn explain(pointer: String, sentence: &str) -> ServiceError {
    let member = |intro: &str| sentence.strip_prefix(intro)?.strip_suffix('`');
    if let Some(name) = member("missing field `") {
        return invalid(format!("{pointer}/{}", escape(name)), "This member is missing.");
    }
    if let Some(name) = member("duplicate field `") {
        return invalid(format!("{pointer}/{}", escape(name)), "This member stands here more than once.");
    }
    if sentence.starts_with("unknown field `") {
        return invalid(pointer, "There is no such member.");
    }
    match sentence.rsplit_once(", expected ") {
        Some((_, expected)) => invalid(pointer, format!("The value is not right: {expected} is expected.")),
        None => invalid(pointer, "The value is not right."),
    }
}

fn invalid(pointer: String, detail: impl Into<String>) -> ServiceError {
    ServiceError::Invalid(vec![FieldError { pointer, detail: detail.into() }])
}

/// Writes a path as a JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)).
fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter().fold(String::new(), |text, segment| match segment {
        Segment::Seq { index } => format!("{text}/{index}"),
        Segment::Map { key } => format!("{text}/{}", escape(key)),
        Segment::Enum { variant } => format!("{text}/{}", escape(variant)),
        Segment::Unknown => format!("{text}/?"),
    })
}

fn escape(name: &str) -> String {
    let name: String = name.chars().take(100).collect();
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use handstamp_api_types::ErrorCode;
    use serde::Deserialize;

    use super::parse;
    use crate::http::ServiceError;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Parcel {
        #[expect(dead_code, reason = "only whether it can be read is asked")]
        item: String,
        #[expect(dead_code, reason = "only whether it can be read is asked")]
        quantity: u32,
    }

    #[test]
    fn each_mistake_is_told_at_its_place_and_in_our_words() {
        for (text, pointer, detail) in [
            (r#"{"quantity":1}"#, "/item", "This member is missing."),
            (r#"{"item":7,"quantity":1}"#, "/item", "The value is not right: a string is expected."),
            (r#"{"item":"a","quantity":-1}"#, "/quantity", "The value is not right: u32 is expected."),
            (r#"{"item":"a","item":"b"}"#, "/item", "This member stands here more than once."),
            (r#"{"item":"a","a/b~c":1}"#, "/a~1b~0c", "There is no such member."),
            (r#"["a",1]"#, "", "An object is expected."),
        ] {
            let Err(ServiceError::Invalid(errors)) = parse::<Parcel>(text.as_bytes()) else {
                panic!("{text} is not refused for what it says");
            };

            assert_eq!(errors.len(), 1, "{text}");
            assert_eq!((errors[0].pointer.as_str(), errors[0].detail.as_str()), (pointer, detail), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_json_value_is_malformed() {
        for text in ["", "{", "{}}", "lamp", r#"{"item":"a","quantity":1} {}"#, r#"{"item":"\ud800"}"#] {
            let refused = parse::<Parcel>(text.as_bytes());

            let is_malformed =
                matches!(refused, Err(ServiceError::Refused { code: ErrorCode::BodyMalformed, .. }));
            assert!(is_malformed, "{text}: {refused:?}");
        }
    }
}
