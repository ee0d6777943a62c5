use axum::{extract::FromRequestParts, http::request::Parts};
use handstamp_core::{flows::profiles, model::UserId};
use handstamp_verify::AuthError;

use super::Caller;
use crate::{AppState, problem::ApiError};

/// Whose profile somebody may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProfileReader {
    /// Everybody's: a machine with a token of its own, which was issued for profiles and has the scope.
    ///
    /// A machine is in no organisation. Which of its own users may see what it reads is for the machine to say.
    Service,
    /// Their own alone: a user, or a machine on behalf of one.
    Person(UserId),
}

impl ProfileReader {
    /// Returns whether this one may read the profile of a user.
    pub(crate) fn may_read(self, user: UserId) -> bool {
        match self {
            Self::Service => true,
            Self::Person(reader) => reader == user,
        }
    }
}

impl FromRequestParts<AppState> for ProfileReader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let principal = state.gate().profiles().authenticate(parts).await?.ok_or(AuthError::Missing)?;
        if principal.is_client() {
            principal.require_scope(profiles::SCOPE)?;
            return Ok(Self::Service);
        }
        Caller::new(state, principal).map(|caller| Self::Person(caller.user))
    }
}
