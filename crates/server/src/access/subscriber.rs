use axum::{extract::FromRequestParts, http::request::Parts};
use handstamp_api_types::ErrorCode;
use handstamp_core::model::ClientId;
use tokio::sync::broadcast::Receiver;

use super::client_auth::{CHALLENGE, ClientCredentials};
use crate::{AppState, config::Subscribers, problem::ApiError};

/// What a client must have been given to follow the feed.
const SCOPE: &str = "revocations";

/// A service that may follow the revocation feed.
#[derive(Debug)]
pub(crate) struct Subscriber {
    /// Its client id; `None` where anybody may follow.
    pub(crate) client: Option<ClientId>,
    /// The removals of clients since before this one was asked for its secret, so that none is missed.
    pub(crate) removals: Receiver<ClientId>,
}

impl FromRequestParts<AppState> for Subscriber {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let removals = state.feed().removals();
        let Some(credentials) = ClientCredentials::basic(&parts.headers)? else {
            return match state.config().revocation.subscribers {
                Subscribers::Open => Ok(Self { client: None, removals }),
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
        Ok(Self { client: Some(client.client().id.clone()), removals })
    }
}
