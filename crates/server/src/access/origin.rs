use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};
use handstamp_verify::{
    AuthError,
    csrf::{self, CsrfRejection},
};

use crate::{AppState, problem::ApiError};

/// What the CSRF rules say about a request, for routes that read or set cookies themselves.
#[derive(Debug)]
pub(crate) struct OriginCheck(Result<(), CsrfRejection>);

/// Proof that a request comes from where requests with cookies may come from. Only [`OriginCheck`] makes one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OriginPassed(());

impl FromRequestParts<AppState> for OriginCheck {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(Self(csrf::decide(&parts.method, &parts.headers, state.gate().allowed_origins())))
    }
}

impl OriginCheck {
    /// Asks for the proof that reading and setting cookies takes.
    pub(crate) fn for_cookies(self) -> Result<OriginPassed, ApiError> {
        self.0.map(OriginPassed).map_err(|rejection| AuthError::from(rejection).into())
    }

    /// Refuses what a browser says comes from elsewhere. A request that no browser has sent passes: it brings its own
    /// credentials and gets its answer in the body, so there is nothing that a foreign page could make it use.
    pub(crate) fn for_body(self) -> Result<(), ApiError> {
        match self.0 {
            Ok(()) | Err(CsrfRejection::MissingHeader) => Ok(()),
            Err(rejection) => Err(AuthError::from(rejection).into()),
        }
    }
}
