use axum::{extract::FromRequestParts, http::request::Parts};
use handstamp_api_types::ErrorCode;

use super::client_auth::{CHALLENGE, ClientCredentials};
use crate::{AppState, config::Subscribers, problem::ApiError};

/// What a client must have been given to follow the feed.
const SCOPE: &str = "revocations";

/// A service that may follow the revocation feed.
#[derive(Debug, Clone)]
pub(crate) struct Subscriber {
    /// Its client id; `open` where anybody may follow.
    pub(crate) name: String,
}

impl FromRequestParts<AppState> for Subscriber {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Some(credentials) = ClientCredentials::basic(&parts.headers)? else {
            return match state.config().revocation.subscribers {
                Subscribers::Open => Ok(Self { name: "open".to_owned() }),
                Subscribers::Clients => Err(ApiError::new(ErrorCode::TokenMissing)
                    .detail("Services follow the feed with the id and secret of a client.")
                    .challenge(CHALLENGE)),
            };
        };
        let client = credentials.authenticate(state).await?;
        if !client.has_scope(SCOPE) {
            return Err(
                ApiError::new(ErrorCode::RoleRequired).detail("The client needs the scope `revocations`.")
            );
        }
        Ok(Self { name: client.client().id.to_string() })
    }
}
