use axum::{http::HeaderMap, response::Response};
use handstamp_core::flows::client_tokens as flow;

use super::super::oauth2_client;
use crate::{AppState, extract::Form, problem::OAuthRefusal};

/// `grant_type=client_credentials` ([RFC 6749 §4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4))
pub(super) async fn grant(
    state: &AppState,
    headers: &HeaderMap,
    mut form: Form,
) -> Result<Response, OAuthRefusal> {
    let client = oauth2_client::confidential(state, headers, &mut form).await?;
    let asked = super::asked(&mut form);
    let token = flow::client_credentials(state.core(), &client, &asked, state.now()).await?;
    Ok(super::reply(token, None))
}
