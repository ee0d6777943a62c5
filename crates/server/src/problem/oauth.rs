use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use handstamp_api_types::{ErrorCode, OAuthError, OAuthErrorCode};
use handstamp_core::flows::{client_tokens::ClientTokenError, refresh::RefreshError};

use super::ApiError;
use crate::access::CHALLENGE;

/// A refusal in OAuth's own form ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)), or a failure of ours.
pub(crate) enum OAuthRefusal {
    OAuth(OAuthErrorCode, String),
    Ours(ApiError),
}

impl OAuthRefusal {
    pub(crate) fn new(code: OAuthErrorCode, description: impl Into<String>) -> Self {
        Self::OAuth(code, description.into())
    }

    /// Returns the refusal of a form that could not be read.
    pub(crate) fn unreadable(error: &ApiError) -> Self {
        let why = match error.code() {
            ErrorCode::UnsupportedMediaType => "send the parameters as application/x-www-form-urlencoded",
            ErrorCode::BodyTooLarge => "the body is too large",
            ErrorCode::ValidationFailed => "a parameter stands there more than once",
            _ => "the body could not be read",
        };
        Self::new(OAuthErrorCode::InvalidRequest, why)
    }

    /// Returns the refusal of a client that did not prove who it is.
    pub(crate) fn client(error: ApiError) -> Self {
        match error.code() {
            ErrorCode::InvalidCredentials | ErrorCode::TokenMalformed => Self::new(
                OAuthErrorCode::InvalidClient,
                "the client is unknown, or what it shows does not prove it",
            ),
            _ => Self::Ours(error),
        }
    }
}

impl From<RefreshError> for OAuthRefusal {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::UpstreamAway | RefreshError::Mint(_) | RefreshError::Store(_) => {
                Self::Ours(error.into())
            }
            _ => Self::new(
                OAuthErrorCode::InvalidGrant,
                "the refresh token is not valid, or its session has ended",
            ),
        }
    }
}

impl From<ClientTokenError> for OAuthRefusal {
    fn from(error: ClientTokenError) -> Self {
        let code = match error {
            ClientTokenError::Mint(error) => return Self::Ours(error.into()),
            ClientTokenError::Store(error) => return Self::Ours(error.into()),
            ClientTokenError::ClientGone => OAuthErrorCode::InvalidClient,
            ClientTokenError::MayNotExchange => OAuthErrorCode::UnauthorizedClient,
            ClientTokenError::Scope { .. } => OAuthErrorCode::InvalidScope,
            ClientTokenError::Audience { .. }
            | ClientTokenError::NoAudience { .. }
            | ClientTokenError::SeveralAudiences => OAuthErrorCode::InvalidTarget,
            // RFC 8693 §2.2.2: what is wrong with the subject token is `invalid_request`.
            _ => OAuthErrorCode::InvalidRequest,
        };
        Self::new(code, error.to_string())
    }
}

impl IntoResponse for OAuthRefusal {
    fn into_response(self) -> Response {
        let (code, description) = match self {
            Self::Ours(error) => return error.into_response(),
            Self::OAuth(code, description) => (code, description),
        };
        let body = Json(OAuthError { error: code, error_description: Some(description) });
        let headers = [(header::PRAGMA, HeaderValue::from_static("no-cache"))];
        if code == OAuthErrorCode::InvalidClient {
            let challenge = [(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE))];
            return (StatusCode::UNAUTHORIZED, headers, challenge, body).into_response();
        }
        (StatusCode::BAD_REQUEST, headers, body).into_response()
    }
}
