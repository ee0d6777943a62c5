use std::time::Duration;

use bytes::Bytes;
use handstamp_api_types::{ErrorCode, FieldError, Problem};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use crate::{AuthError, response};

/// The code of the refusal, for proxies that write the reply themselves.
const CODE: HeaderName = HeaderName::from_static("x-handstamp-code");

/// Where to sign in, for proxies that send people there themselves.
const SIGN_IN: HeaderName = HeaderName::from_static("x-handstamp-sign-in");

/// Why a request may not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Whoever asks is not let in. Their fault, or time's.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The proxy did not ask as it should, or the service in front looked at more than the token.
    #[error("refused with the code {}", .0.code)]
    Other(Box<Problem>),
}

/// A request that may not pass, and what whoever has sent it is told.
#[derive(Debug, Clone)]
pub struct Refused {
    refusal: Refusal,
    pub(super) headers: HeaderMap,
    pub(super) detail: Option<String>,
    redirect: Option<HeaderValue>,
}

impl Refusal {
    pub(super) fn detailed(code: ErrorCode, detail: &str) -> Self {
        let detail = Some(detail.to_owned());
        Problem { detail, ..Problem::new(code) }.into()
    }

    /// The proxy demands what cannot be demanded. The operator's mistake.
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        let errors = vec![FieldError { pointer: String::new(), detail: detail.into() }];
        Problem { errors, ..Problem::new(ErrorCode::ValidationFailed) }.into()
    }

    /// Returns the body of the reply.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Auth(error) => error.problem(),
            Self::Other(problem) => (**problem).clone(),
        }
    }

    fn www_authenticate(&self) -> Option<String> {
        match self {
            Self::Auth(error) => error.www_authenticate(),
            Self::Other(problem) => response::challenge(problem.code),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Auth(error) => error.retry_after(),
            Self::Other(_) => None,
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Other(Box::new(problem))
    }
}

impl Refused {
    pub(super) fn new(refusal: Refusal) -> Self {
        let mut headers = HeaderMap::new();
        let code = match &refusal {
            Refusal::Auth(error) => error.code(),
            Refusal::Other(problem) => problem.code,
        };
        headers.insert(CODE, HeaderValue::from_static(code.as_str()));
        Self { refusal, headers, detail: None, redirect: None }
    }

    /// Returns why the request may not pass.
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// Returns the status of the reply.
    pub fn status(&self) -> StatusCode {
        if self.redirect.is_some() {
            return StatusCode::SEE_OTHER;
        }
        StatusCode::from_u16(self.refusal.problem().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Returns the reply to the proxy, for any body type that can be made from bytes.
    ///
    /// The problem stands in its extensions as well, so that an outer layer can log it or add to the body.
    pub fn response<B: From<Bytes>>(self) -> Response<B> {
        let mut response = match self.redirect {
            Some(location) => redirect(location),
            None => problem(&self.refusal, self.detail),
        };
        response.headers_mut().extend(self.headers);
        response
    }

    /// Returns whether signing in would help.
    pub(super) fn needs_sign_in(&self) -> bool {
        self.status() == StatusCode::UNAUTHORIZED
    }

    /// Sends people on.
    pub(super) fn redirect_to(&mut self, address: &str) {
        self.redirect = HeaderValue::try_from(address).ok();
    }

    /// Tells the proxy where to send people.
    pub(super) fn offer(&mut self, address: &str) {
        if let Ok(address) = HeaderValue::try_from(address) {
            self.headers.insert(SIGN_IN, address);
        }
    }
}

fn redirect<B: From<Bytes>>(location: HeaderValue) -> Response<B> {
    let mut response = Response::new(B::from(Bytes::new()));
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn problem<B: From<Bytes>>(refusal: &Refusal, detail: Option<String>) -> Response<B> {
    let mut problem = refusal.problem();
    problem.detail = detail.or(problem.detail);
    let mut response = response::of(&problem, refusal.www_authenticate(), refusal.retry_after());
    response.extensions_mut().insert(problem);
    response
}
