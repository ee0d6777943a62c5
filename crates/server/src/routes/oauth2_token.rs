use axum::{
    Extension, Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use handstamp_api_types::{ErrorCode, OAuthError, OAuthErrorCode};
use handstamp_core::{
    flows::refresh::{self as flow, RefreshError},
    model::ClientId,
};

use super::{issued, refresh};
use crate::{AppState, extract::Form, layers::ClientAddress, problem::ApiError};

/// `POST /oauth2/token`, for clients that speak OAuth. The one grant is `refresh_token`; there will never be `password`.
pub(super) async fn token(
    State(state): State<AppState>,
    Extension(address): Extension<ClientAddress>,
    form: Result<Form, ApiError>,
) -> Response {
    match form.map_err(|error| unreadable(&error)) {
        Ok(form) => grant(&state, address, form).await.unwrap_or_else(IntoResponse::into_response),
        Err(refused) => refused.into_response(),
    }
}

async fn grant(state: &AppState, address: ClientAddress, mut form: Form) -> Result<Response, Refused> {
    let mut required = |name: &str| {
        form.take(name)
            .ok_or_else(|| Refused::new(OAuthErrorCode::InvalidRequest, format!("{name} is missing")))
    };
    let grant_type = required("grant_type")?;
    if grant_type != "refresh_token" {
        return Err(Refused::new(OAuthErrorCode::UnsupportedGrantType, "refresh_token is the only grant"));
    }
    let client = required("client_id")?;
    if client != ClientId::first_party().as_str() {
        return Err(Refused::new(
            OAuthErrorCode::InvalidClient,
            "no refresh token was issued to this client",
        ));
    }
    let token = required("refresh_token")?;
    let command = flow::Refresh { token: &token, beside: None, address: address.ip };
    let issued = refresh::run(state, command).await.map_err(Refused::from)?;
    Ok(issued::in_body(&issued))
}

fn unreadable(error: &ApiError) -> Refused {
    let why = match error.code() {
        ErrorCode::UnsupportedMediaType => "send the parameters as application/x-www-form-urlencoded",
        ErrorCode::BodyTooLarge => "the body is too large",
        ErrorCode::ValidationFailed => "a parameter stands there more than once",
        _ => "the body could not be read",
    };
    Refused::new(OAuthErrorCode::InvalidRequest, why)
}

/// A refusal in OAuth's own form ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)), or a failure of ours.
enum Refused {
    OAuth(OAuthErrorCode, String),
    Ours(ApiError),
}

impl Refused {
    fn new(code: OAuthErrorCode, description: impl Into<String>) -> Self {
        Self::OAuth(code, description.into())
    }
}

impl From<RefreshError> for Refused {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Mint(_) | RefreshError::Store(_) => Self::Ours(error.into()),
            _ => Self::new(
                OAuthErrorCode::InvalidGrant,
                "the refresh token is not valid, or its session has ended",
            ),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (code, description) = match self {
            Self::Ours(error) => return error.into_response(),
            Self::OAuth(code, description) => (code, description),
        };
        let status = if code == OAuthErrorCode::InvalidClient {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::BAD_REQUEST
        };
        let body = OAuthError { error: code, error_description: Some(description) };
        (status, [(header::PRAGMA, "no-cache")], Json(body)).into_response()
    }
}
