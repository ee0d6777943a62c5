use axum::response::Response;
use handstamp_api_types::OAuthErrorCode;
use handstamp_core::{flows::refresh as flow, model::ClientId};

use super::super::{issued, oauth2_client::required, refresh};
use crate::{AppState, extract::Form, layers::ClientAddress, problem::OAuthRefusal};

/// `grant_type=refresh_token` ([RFC 6749 §6](https://www.rfc-editor.org/rfc/rfc6749#section-6))
pub(super) async fn grant(
    state: &AppState,
    address: ClientAddress,
    mut form: Form,
) -> Result<Response, OAuthRefusal> {
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
