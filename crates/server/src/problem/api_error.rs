use std::{error::Error, fmt, time::Duration};

use axum::response::{IntoResponse, Response};
use handstamp_api_types::{ErrorCode, FieldError, PROBLEM_JSON, Problem};
use handstamp_verify::AuthError;
use http::{HeaderValue, StatusCode, header};

use super::challenge;
use crate::pages::Page;

/// A refusal or failure on its way out: the client gets the code, the log gets the cause.
pub(crate) struct ApiError(Box<Answer>);

struct Answer {
    problem: Problem,
    retry_after: Option<Duration>,
    headers: Vec<(&'static str, HeaderValue)>,
    challenge: Option<HeaderValue>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    pub(crate) fn new(code: ErrorCode) -> Self {
        Self::of(Problem::new(code))
    }

    fn of(problem: Problem) -> Self {
        let challenge = challenge::of(problem.code);
        Self(Box::new(Answer { problem, retry_after: None, headers: Vec::new(), challenge, cause: None }))
    }

    /// Returns a refusal of one place of the request.
    pub(crate) fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::ValidationFailed)
            .error(FieldError { pointer: pointer.into(), detail: detail.into() })
    }

    /// Returns what the verify crate says, in its words.
    pub(super) fn of_verify(error: AuthError) -> Self {
        let mut answer = Self::of(error.problem());
        answer.0.retry_after = error.retry_after();
        // Refusals are everyday: the log hears of one only where something is wrong on our side.
        if answer.0.problem.status >= 500 {
            answer.0.cause = Some(error.into());
        }
        answer
    }

    /// Says more, for people. Never a secret.
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.problem.detail = Some(detail.into());
        self
    }

    /// Names a wrong place of the request.
    pub(crate) fn error(mut self, error: FieldError) -> Self {
        self.0.problem.errors.push(error);
        self
    }

    /// Says when to come back.
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Asks for credentials of another kind than a bearer token.
    pub(crate) fn challenge(mut self, challenge: &'static str) -> Self {
        self.0.challenge = Some(HeaderValue::from_static(challenge));
        self
    }

    /// Adds headers to the reply.
    pub(crate) fn headers(mut self, headers: impl IntoIterator<Item = (&'static str, HeaderValue)>) -> Self {
        self.0.headers.extend(headers);
        self
    }

    /// Keeps the cause for the log; the client never sees it.
    pub(crate) fn cause(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    pub(crate) fn code(&self) -> ErrorCode {
        self.0.problem.code
    }

    /// Returns when to come back, if that is known.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the same answer for people: a page in the place of the problem.
    pub(crate) fn with_page(self, page: Page) -> Response {
        let mut refused = self.into_response();
        refused.extensions_mut().remove::<Problem>();
        in_place_of(refused, page)
    }

    /// Returns the body of the answer.
    pub(crate) fn into_problem(self) -> Problem {
        self.0.problem
    }

    fn log(&self) {
        let Some(cause) = &self.0.cause else { return };
        let cause: &(dyn Error + 'static) = cause.as_ref();
        let code = self.0.problem.code.as_str();
        if self.0.problem.status == 500 {
            tracing::error!(code, cause = %Chain(cause), "a request failed");
        } else {
            tracing::warn!(code, cause = %Chain(cause), "a request was refused");
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let status = StatusCode::from_u16(self.0.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, body(&self.0.problem)).into_response();
        let headers = response.headers_mut();
        for (name, value) in self.0.headers {
            headers.append(name, value);
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.0.challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(wait) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        // The request-id layer writes the body again, with the id in it.
        response.extensions_mut().insert(self.0.problem);
        response
    }
}

/// Returns a reply with its status and its headers, but with a page for a body.
pub(crate) fn in_place_of(reply: Response, page: Page) -> Response {
    let (mut head, _) = reply.into_parts();
    let (page, body) = page.into_response().into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    for (name, value) in &page.headers {
        head.headers.insert(name, value.clone());
    }
    Response::from_parts(head, body)
}

/// Returns the problem that a route, or the verify layer in front of it, has answered with.
pub(crate) fn take_problem(response: &mut Response) -> Option<Problem> {
    let extensions = response.extensions_mut();
    let refused = extensions.remove::<AuthError>().map(|error| error.problem());
    extensions.remove::<Problem>().or(refused)
}

/// Returns the problem as JSON.
pub(crate) fn body(problem: &Problem) -> Vec<u8> {
    // Strings, numbers and a list of strings: serialising cannot fail.
    serde_json::to_vec(problem).unwrap_or_default()
}

/// `Retry-After` counts whole seconds; a client that comes back too early is refused again.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("problem", &self.0.problem)
            .field("cause", &self.0.cause)
            .finish_non_exhaustive()
    }
}

/// An error and what caused it, in one line.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
