use axum::extract::{FromRequest, Request};
use handstamp_api_types::{ErrorCode, FieldError};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::Segment;

use super::body::{content_type_is, read_text};
use crate::{AppState, problem::ApiError};

/// A JSON body, read strictly: the right content type, UTF-8, one value, no unknown and no repeated members.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

/// A JSON body that may be left out. A body of no bytes is none; anything else is read like [`Json`].
#[derive(Debug)]
pub(crate) struct OptionalJson<T>(pub(crate) Option<T>);

impl<T: DeserializeOwned> FromRequest<AppState> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let (head, body) = request.into_parts();
        if !content_type_is(&head.headers, "application/json") {
            return Err(ApiError::new(ErrorCode::UnsupportedMediaType));
        }
        let text = read_text(body, &head.headers, &state.config().server).await?;
        parse(&text).map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let (head, body) = request.into_parts();
        let text = read_text(body, &head.headers, &state.config().server).await?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        if !content_type_is(&head.headers, "application/json") {
            return Err(ApiError::new(ErrorCode::UnsupportedMediaType));
        }
        parse(&text).map(|value| Self(Some(value)))
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    if text.is_empty() {
        return Err(ApiError::new(ErrorCode::BodyMalformed).detail("The body is empty: JSON was expected."));
    }
    // Whether it is JSON at all comes first: a wrong member at its beginning must not hide a broken end.
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| malformed(&error))?;
    // serde would take a list for a struct, member by member in their order.
    if !text.trim_start().starts_with('{') {
        return Err(ApiError::invalid("", "An object is expected."));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| refuse(&error))
}

fn refuse(error: &serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    // Half a surrogate pair, which is noticed only by who reads the text.
    if !error.inner().is_data() {
        return malformed(error.inner());
    }
    let pointer = pointer(error.path());
    // serde's sentence ends in " at line 1 column 9": the pointer says it better.
    let sentence = error.inner().to_string();
    let sentence = sentence.rsplit_once(" at line ").map_or(sentence.as_str(), |(front, _)| front);
    ApiError::new(ErrorCode::ValidationFailed).error(explain(pointer, sentence))
}

fn malformed(error: &serde_json::Error) -> ApiError {
    ApiError::new(ErrorCode::BodyMalformed).detail(format!(
        "The body is not JSON: line {}, column {}.",
        error.line(),
        error.column()
    ))
}

/// Says what is wrong without repeating the value, which may be a password in the wrong place.
fn explain(pointer: String, sentence: &str) -> FieldError {
    if let Some(name) = sentence.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return FieldError {
            pointer: format!("{pointer}/{}", escape(name)),
            detail: "This member is missing.".to_owned(),
        };
    }
    if let Some(name) = sentence.strip_prefix("duplicate field `").and_then(|rest| rest.strip_suffix('`')) {
        let detail = "This member stands here more than once.".to_owned();
        return FieldError { pointer: format!("{pointer}/{}", escape(name)), detail };
    }
    if let Some(rest) = sentence.strip_prefix("unknown field `") {
        let known = rest.rsplit_once("`, expected ").map(|(_, known)| known.replace('`', "\""));
        let detail = match known {
            Some(known) => format!("There is no such member: {known} is expected."),
            None => "There is no such member.".to_owned(),
        };
        return FieldError { pointer, detail };
    }
    let detail = match sentence.rsplit_once(", expected ") {
        Some((_, expected)) => {
            format!("The value is not right: {} is expected.", expected.replace('`', "\""))
        }
        None => "The value is not right.".to_owned(),
    };
    FieldError { pointer, detail }
}

/// Writes a path as a JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)).
fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter().fold(String::new(), |mut text, segment| {
        text.push('/');
        match segment {
            Segment::Seq { index } => text.push_str(&index.to_string()),
            Segment::Map { key } => text.push_str(&escape(key)),
            Segment::Enum { variant } => text.push_str(&escape(variant)),
            Segment::Unknown => text.push('?'),
        }
        text
    })
}

fn escape(name: &str) -> String {
    let name: String = name.chars().take(100).collect();
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use handstamp_api_types::{ErrorCode, SignInRequest};

    use super::parse;
    use crate::problem::ApiError;

    fn refusal(text: &str) -> (ErrorCode, Vec<(String, String)>) {
        let error: ApiError = parse::<SignInRequest>(text).unwrap_err();
        let problem = error.into_problem();
        (problem.code, problem.errors.into_iter().map(|error| (error.pointer, error.detail)).collect())
    }

    #[test]
    fn each_mistake_has_its_pointer() {
        for (text, pointer) in [
            (r#"{"login":"ann"}"#, "/password"),
            (r#"{"login":5,"password":"x"}"#, "/login"),
            (r#"{"login":"a","login":"b","password":"x"}"#, "/login"),
            (r#"{"login":"a","password":"x","admin":true}"#, "/admin"),
            (r#"{"login":"a","password":"x","delivery":"pigeon"}"#, "/delivery"),
            ("[]", ""),
            (r#"["ann","password"]"#, ""),
            ("null", ""),
            (r#""ann""#, ""),
        ] {
            let (code, errors) = refusal(text);
            assert_eq!(code, ErrorCode::ValidationFailed, "{text}");
            assert_eq!(errors.len(), 1, "{text}");
            assert_eq!(errors[0].0, pointer, "{text}: {errors:?}");
        }
    }

    #[test]
    fn what_is_not_one_json_value_is_malformed() {
        for text in [
            "",
            "{",
            "{}}",
            "ann",
            r#"{"login":"a","password":"x"} {}"#,
            r#"{"login":"\ud800","password":"x"}"#,
        ] {
            assert_eq!(refusal(text).0, ErrorCode::BodyMalformed, "{text}");
        }
    }

    #[test]
    fn a_password_in_the_wrong_place_is_not_repeated() {
        for text in [
            r#"{"login":"a","password":["hunter2"]}"#,
            r#"{"login":"a","password":"p","delivery":"hunter2"}"#,
        ] {
            let (_, errors) = refusal(text);
            assert!(!errors[0].1.contains("hunter2"), "{errors:?}");
        }
    }
}
