//! How OAuth clients say who they are, in the header or in the form, and never in both (RFC 6749 §2.3).

use axum::http::HeaderMap;
use handstamp_api_types::OAuthErrorCode;
use handstamp_core::{flows::clients::AuthenticatedClient, model::ClientId};

use crate::{AppState, access::ClientCredentials, extract::Form, problem::OAuthRefusal};

/// Takes a parameter that must be there.
pub(super) fn required(form: &mut Form, name: &str) -> Result<String, OAuthRefusal> {
    form.take(name)
        .ok_or_else(|| OAuthRefusal::new(OAuthErrorCode::InvalidRequest, format!("{name} is missing")))
}

/// Authenticates a client that has a secret.
pub(super) async fn confidential(
    state: &AppState,
    headers: &HeaderMap,
    form: &mut Form,
) -> Result<AuthenticatedClient, OAuthRefusal> {
    let credentials = credentials(headers, form)?.ok_or_else(|| {
        OAuthRefusal::new(OAuthErrorCode::InvalidClient, "the client did not say who it is")
    })?;
    credentials.authenticate(state).await.map_err(OAuthRefusal::client)
}

/// Returns the client that presents a token: one with a secret, which must be right, or our own, which has none.
pub(super) async fn any(
    state: &AppState,
    headers: &HeaderMap,
    form: &mut Form,
) -> Result<ClientId, OAuthRefusal> {
    if let Some(credentials) = credentials(headers, form)? {
        let client = credentials.authenticate(state).await.map_err(OAuthRefusal::client)?;
        return Ok(client.client().id.clone());
    }
    let first_party = ClientId::first_party();
    if form.take("client_id").is_some_and(|id| id == first_party.as_str()) {
        return Ok(first_party);
    }
    Err(OAuthRefusal::new(OAuthErrorCode::InvalidClient, "the client did not say who it is"))
}

fn credentials(headers: &HeaderMap, form: &mut Form) -> Result<Option<ClientCredentials>, OAuthRefusal> {
    let in_header = ClientCredentials::basic(headers).map_err(OAuthRefusal::client)?;
    let Some(secret) = form.take("client_secret") else { return Ok(in_header) };
    if in_header.is_some() {
        return Err(OAuthRefusal::new(
            OAuthErrorCode::InvalidRequest,
            "the client's secret stands in the header and in the form",
        ));
    }
    let id = required(form, "client_id")?;
    Ok(Some(ClientCredentials { id, secret }))
}
