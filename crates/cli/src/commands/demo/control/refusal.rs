use std::error::Error;

use axum::Json;
use axum::response::{IntoResponse, Response};
use handstamp_api_types::{ErrorCode, PROBLEM_JSON, Problem};
use http::{HeaderValue, StatusCode, header};

/// Why a lever was not pulled.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// The body is no list of the demo's roles.
    #[error("the roles are not a list of admin and buyer")]
    Roles,
    /// The token names nobody and nothing that the auth service has.
    #[error("the token names nobody here")]
    Nobody,
    /// The flow behind the lever failed.
    #[error("the lever is stuck")]
    Stuck(#[source] Box<dyn Error + Send + Sync>),
}

impl Refusal {
    pub(super) fn stuck(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Stuck(Box::new(cause))
    }

    fn problem(&self) -> Problem {
        let with = |code, detail: &str| Problem { detail: Some(detail.to_owned()), ..Problem::new(code) };
        match self {
            Self::Roles => with(
                ErrorCode::ValidationFailed,
                r#"Send {"roles":[…]} with none, one or both of admin and buyer."#,
            ),
            Self::Nobody => with(ErrorCode::TokenInvalid, "The token names nobody here."),
            Self::Stuck(cause) => {
                tracing::error!(%cause, "a lever of the demo is stuck");
                Problem::new(ErrorCode::Internal)
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let media_type = [(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON))];
        let mut reply = (status, Json(problem)).into_response();
        reply.headers_mut().extend(media_type);
        reply
    }
}
