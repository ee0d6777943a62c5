use serde::{Deserialize, Serialize};

use crate::ErrorCode;

/// The media type of [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error reply, as [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) shapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Same as the HTTP status line.
    pub status: u16,
    /// What clients branch on.
    pub code: ErrorCode,
    /// The code in one sentence, always the same.
    pub title: String,
    /// This occurrence, for a person: which value, what to do. Never a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Where the request is wrong (`validation_failed` only).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The request's id, to find its line in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// One wrong place in a request body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// JSON Pointer to the member, such as `/password`; empty for the whole body.
    pub pointer: String,
    /// What is wrong with it and what would be right.
    pub detail: String,
}

impl Problem {
    /// Returns a problem with the status and title that belong to the code.
    pub fn new(code: ErrorCode) -> Self {
        Self {
            status: code.status(),
            code,
            title: code.title().to_owned(),
            detail: None,
            errors: Vec::new(),
            request_id: None,
        }
    }
}
