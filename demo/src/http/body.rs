use axum::extract::{FromRequest, Json, Request, rejection::JsonRejection};
use handstamp_api_types::{ErrorCode, FieldError};
use serde::de::DeserializeOwned;

use super::ServiceError;

/// A JSON body. What is wrong with it is told in the form of every other error.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ServiceError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ServiceError> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(explained(&rejection)),
        }
    }
}

fn explained(rejection: &JsonRejection) -> ServiceError {
    let code = match rejection {
        // Right syntax, wrong content: serde's words name the member.
        JsonRejection::JsonDataError(_) => {
            return ServiceError::Invalid(vec![FieldError {
                pointer: String::new(),
                detail: rejection.body_text(),
            }]);
        }
        JsonRejection::MissingJsonContentType(_) => ErrorCode::UnsupportedMediaType,
        other if other.status() == http::StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::BodyTooLarge,
        _ => ErrorCode::BodyMalformed,
    };
    ServiceError::Refused { code, detail: rejection.body_text() }
}
