//! What a client gets in the place of a service's reply: problem JSON, as every service of the house answers.

use std::time::Duration;

use bytes::Bytes;
use handstamp_api_types::{ErrorCode, PROBLEM_JSON, Problem};
use handstamp_verify::AuthError;
use http::{HeaderValue, Response, StatusCode, header};

use crate::body::ReplyBody;

/// A request that no service answers.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Whoever asks is not let in.
    Auth(AuthError),
    /// It cannot be answered.
    Problem {
        /// What the client is told.
        problem: Box<Problem>,
        /// When to come back.
        retry_after: Option<Duration>,
        /// What the log is told.
        cause: Option<String>,
    },
    /// It is answered already.
    Reply(Box<Response<ReplyBody>>),
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        let problem = Problem { detail: Some(detail.into()), ..Problem::new(code) };
        Self::Problem { problem: Box::new(problem), retry_after: None, cause: None }
    }

    /// Adds when to come back.
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        if let Self::Problem { retry_after, .. } = &mut self {
            *retry_after = Some(wait);
        }
        self
    }

    /// Adds what the log is told.
    pub(crate) fn because(mut self, error: &dyn std::error::Error) -> Self {
        if let Self::Problem { cause, .. } = &mut self {
            *cause = Some(chain(error));
        }
        self
    }

    /// Returns the same for a request that may be repeated without harm: that it was not answered is all that counts.
    pub(crate) fn or_unavailable(mut self, wait: Duration) -> Self {
        if let Self::Problem { problem, retry_after, .. } = &mut self
            && matches!(problem.code, ErrorCode::ServiceFailed | ErrorCode::ServiceTimeout)
        {
            **problem = Problem::new(ErrorCode::Unavailable);
            *retry_after = Some(wait);
        }
        self
    }

    /// Returns whether it is the credentials that were refused.
    pub(crate) fn is_unauthorized(&self) -> bool {
        match self {
            Self::Auth(error) => error.code().status() == StatusCode::UNAUTHORIZED.as_u16(),
            Self::Reply(reply) => reply.status() == StatusCode::UNAUTHORIZED,
            Self::Problem { .. } => false,
        }
    }

    /// Returns the reply to the request with this id.
    pub(crate) fn into_reply(self, id: &str) -> Response<ReplyBody> {
        match self {
            Self::Reply(reply) => *reply,
            Self::Auth(error) => {
                let problem = Problem { request_id: Some(id.to_owned()), ..error.problem() };
                let mut reply: Response<ReplyBody> = error.response();
                *reply.body_mut() = body(&problem);
                reply
            }
            Self::Problem { problem, retry_after, cause } => {
                let problem = Problem { request_id: Some(id.to_owned()), ..*problem };
                if let Some(cause) = cause {
                    tracing::warn!(id, code = %problem.code, cause, "a request was not answered by its service");
                }
                let mut reply = Response::new(body(&problem));
                *reply.status_mut() =
                    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let headers = reply.headers_mut();
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                if let Some(wait) = retry_after {
                    // Whole seconds, rounded up: coming back too early helps nobody.
                    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                    headers.insert(header::RETRY_AFTER, seconds.into());
                }
                reply
            }
        }
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
    }
}

fn body(problem: &Problem) -> ReplyBody {
    // A `Problem` is strings and numbers: serialising it cannot fail.
    Bytes::from(serde_json::to_vec(problem).unwrap_or_default()).into()
}

/// Returns what went wrong, cause by cause.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}
