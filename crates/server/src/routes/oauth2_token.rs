use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use handstamp_api_types::OAuthErrorCode;
use handstamp_core::{flows::refresh as flow, model::ClientId};

use super::{issued, oauth2_client::required, refresh};
use crate::{
    AppState,
    extract::Form,
    layers::ClientAddress,
    problem::{ApiError, OAuthRefusal},
};

/// `POST /oauth2/token`, for clients that speak OAuth. The one grant is `refresh_token`; there will never be `password`.
pub(super) async fn token(
    State(state): State<AppState>,
    Extension(address): Extension<ClientAddress>,
    form: Result<Form, ApiError>,
) -> Response {
    match form.map_err(|error| OAuthRefusal::unreadable(&error)) {
        Ok(form) => grant(&state, address, form).await.unwrap_or_else(IntoResponse::into_response),
        Err(refused) => refused.into_response(),
    }
}

async fn grant(state: &AppState, address: ClientAddress, mut form: Form) -> Result<Response, OAuthRefusal> {
    let grant_type = required(&mut form, "grant_type")?;
    if grant_type != "refresh_token" {
        return Err(OAuthRefusal::new(
            OAuthErrorCode::UnsupportedGrantType,
            "refresh_token is the only grant",
        ));
    }
    let client = required(&mut form, "client_id")?;
    if client != ClientId::first_party().as_str() {
        return Err(OAuthRefusal::new(
            OAuthErrorCode::InvalidClient,
            "no refresh token was issued to this client",
        ));
    }
    let token = required(&mut form, "refresh_token")?;
    let command = flow::Refresh { token: &token, beside: None, address: address.ip };
    let issued = refresh::run(state, command).await.map_err(OAuthRefusal::from)?;
    Ok(issued::in_body(&issued))
}
