use bytes::Bytes;
use handstamp_api_types::{ErrorCode, FieldError, Problem};
use http::Response;

use crate::{AuthError, response};

/// A request that may not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Whoever asks is not let in. Their fault, or time's.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The proxy did not ask as it should. The operator's fault.
    #[error("the proxy's question is not understood: {}", .0.code)]
    Question(Box<Problem>),
}

impl Refusal {
    pub(super) fn detailed(code: ErrorCode, detail: &str) -> Self {
        let detail = Some(detail.to_owned());
        Self::Question(Box::new(Problem { detail, ..Problem::new(code) }))
    }

    pub(super) fn unknown_demand(name: &str) -> Self {
        let detail = format!("There is no parameter {name:?} here: role and org are.");
        let errors = vec![FieldError { pointer: String::new(), detail }];
        Self::Question(Box::new(Problem { errors, ..Problem::new(ErrorCode::ValidationFailed) }))
    }

    /// Returns the reply to the proxy, for any body type that can be made from bytes.
    pub fn response<B: From<Bytes>>(self) -> Response<B> {
        match self {
            Self::Auth(error) => error.response(),
            Self::Question(problem) => {
                let mut response = response::of(&problem);
                response.extensions_mut().insert(*problem);
                response
            }
        }
    }
}
