mod client_credentials;
mod exchange;
mod refresh_token;
mod upstream_token;

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use handstamp_api_types::{OAuthErrorCode, TOKEN_EXCHANGE_GRANT, TokenReply};
use handstamp_core::flows::client_tokens::{Asked, ClientToken};

use super::oauth2_client::required;
use crate::{
    AppState,
    extract::Form,
    layers::ClientAddress,
    problem::{ApiError, OAuthRefusal},
};

/// The grants, for the metadata document. There will never be `password` (RFC 9700 §2.4).
pub(super) const GRANTS: [&str; 3] = ["refresh_token", "client_credentials", TOKEN_EXCHANGE_GRANT];

/// `POST /oauth2/token`, for clients that speak OAuth.
pub(super) async fn token(
    State(state): State<AppState>,
    address: ClientAddress,
    headers: HeaderMap,
    form: Result<Form, ApiError>,
) -> Response {
    match form.map_err(|error| OAuthRefusal::unreadable(&error)) {
        Ok(form) => grant(&state, address, &headers, form).await.unwrap_or_else(IntoResponse::into_response),
        Err(refused) => refused.into_response(),
    }
}

async fn grant(
    state: &AppState,
    address: ClientAddress,
    headers: &HeaderMap,
    mut form: Form,
) -> Result<Response, OAuthRefusal> {
    let grant_type = required(&mut form, "grant_type")?;
    match grant_type.as_str() {
        "refresh_token" => refresh_token::grant(state, address, form).await,
        "client_credentials" => client_credentials::grant(state, headers, form).await,
        TOKEN_EXCHANGE_GRANT => exchange::grant(state, address, headers, form).await,
        _ => Err(OAuthRefusal::new(
            OAuthErrorCode::UnsupportedGrantType,
            format!("the grants are {}", GRANTS.join(", ")),
        )),
    }
}

/// What both grants for machines take besides. `resource` and `audience` may stand there more than once.
fn asked(form: &mut Form) -> Asked {
    let audiences: BTreeSet<String> =
        form.take_all("audience").into_iter().chain(form.take_all("resource")).collect();
    Asked { scope: form.take("scope"), audiences }
}

fn reply(token: ClientToken, issued_token_type: Option<&str>) -> Response {
    Json(TokenReply {
        access_token: token.text,
        refresh_token: None,
        token_type: "Bearer".to_owned(),
        expires_in: token.expires_in.as_secs(),
        scope: token.scope,
        issued_token_type: issued_token_type.map(str::to_owned),
    })
    .into_response()
}
