use std::collections::BTreeMap;

use axum::extract::{FromRequest, Request};
use handstamp_api_types::ErrorCode;

use super::body::{content_type_is, read_text};
use crate::{AppState, problem::ApiError};

/// A form body, each name once: with two of a name, two readers could see two different forms.
#[derive(Debug)]
pub(crate) struct Form(BTreeMap<String, String>);

impl FromRequest<AppState> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let (head, body) = request.into_parts();
        if !content_type_is(&head.headers, "application/x-www-form-urlencoded") {
            return Err(ApiError::new(ErrorCode::UnsupportedMediaType)
                .detail("Send the body as application/x-www-form-urlencoded."));
        }
        let text = read_text(body, &head.headers, &state.config().server).await?;
        let mut fields = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if fields.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(ApiError::invalid(format!("/{name}"), "This field stands here more than once."));
            }
        }
        Ok(Self(fields))
    }
}

impl Form {
    /// Takes a field out of the form.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Takes a field that must be there.
    pub(crate) fn require(&mut self, name: &str) -> Result<String, ApiError> {
        self.take(name).ok_or_else(|| ApiError::invalid(format!("/{name}"), "This field is missing."))
    }
}
