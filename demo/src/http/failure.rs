use axum::response::{IntoResponse, Response};
use handstamp_api_types::{ErrorCode, FieldError, PROBLEM_JSON, Problem};
use handstamp_verify::profiles::ProfileError;
use http::{HeaderValue, StatusCode, header};

/// What a handler answers when it cannot do what was asked. Same form and codes as the auth service.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceError {
    /// Nothing there, or nothing this organisation may know of: the two look the same on purpose.
    #[error("there is no {what} {id} in your organisation")]
    NotFound { what: &'static str, id: String },
    /// The body could be read and says something it must not.
    #[error("the request is not valid")]
    Invalid(Vec<FieldError>),
    /// The request cannot be taken as it is.
    #[error("{detail}")]
    Refused { code: ErrorCode, detail: String },
    /// The service's own data cannot be reached.
    #[error("the data cannot be reached")]
    Data(#[from] rusqlite::Error),
    /// The auth service does not say who somebody is.
    #[error("the profiles cannot be read")]
    Profiles(#[from] ProfileError),
    /// A part of the service broke down.
    #[error("a background task failed")]
    Task(#[from] tokio::task::JoinError),
}

impl ServiceError {
    fn problem(self) -> Problem {
        let with = |code: ErrorCode, detail: String| Problem { detail: Some(detail), ..Problem::new(code) };
        match self {
            Self::NotFound { what, id } => {
                with(ErrorCode::NotFound, format!("There is no {what} {id:?} in your organisation."))
            }
            Self::Invalid(errors) => Problem { errors, ..Problem::new(ErrorCode::ValidationFailed) },
            Self::Refused { code, detail } => with(code, detail),
            Self::Data(cause) => {
                tracing::error!(%cause, "the data cannot be reached");
                Problem::new(ErrorCode::Unavailable)
            }
            Self::Profiles(cause) => {
                tracing::warn!(%cause, "the profiles cannot be read");
                Problem::new(ErrorCode::Unavailable)
            }
            Self::Task(cause) => {
                tracing::error!(%cause, "a background task failed");
                Problem::new(ErrorCode::Internal)
            }
        }
    }
}

impl IntoResponse for ServiceError {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut reply = (status, axum::Json(&problem)).into_response();
        let headers = reply.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        reply
    }
}
