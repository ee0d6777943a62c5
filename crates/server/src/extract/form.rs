use std::collections::BTreeMap;

use axum::extract::{FromRequest, Request};
use handstamp_api_types::ErrorCode;

use super::body::{content_type_is, read_text};
use crate::{AppState, problem::ApiError};

/// What a client may say more than once: RFC 8693 §2.1 and RFC 8707 §2.
const REPEATABLE: [&str; 2] = ["audience", "resource"];

/// A form body, each name once: with two of a name, two readers could see two different forms. Lists by design are the exception.
#[derive(Debug)]
pub(crate) struct Form(BTreeMap<String, Vec<String>>);

impl FromRequest<AppState> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let (head, body) = request.into_parts();
        if !content_type_is(&head.headers, "application/x-www-form-urlencoded") {
            return Err(ApiError::new(ErrorCode::UnsupportedMediaType)
                .detail("Send the body as application/x-www-form-urlencoded."));
        }
        let text = read_text(body, &head.headers, &state.config().server).await?;
        let mut fields = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            let values = fields.entry(name.clone().into_owned()).or_default();
            values.push(value.into_owned());
            if values.len() > 1 && !REPEATABLE.contains(&&*name) {
                return Err(ApiError::invalid(format!("/{name}"), "This field stands here more than once."));
            }
        }
        Ok(Self(fields))
    }
}

impl Form {
    /// Takes a field out of the form.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)?.pop()
    }

    /// Takes all values of a field that may stand there more than once.
    pub(crate) fn take_all(&mut self, name: &str) -> Vec<String> {
        self.0.remove(name).unwrap_or_default()
    }

    /// Takes a field that must be there.
    pub(crate) fn require(&mut self, name: &str) -> Result<String, ApiError> {
        self.take(name).ok_or_else(|| ApiError::invalid(format!("/{name}"), "This field is missing."))
    }
}
