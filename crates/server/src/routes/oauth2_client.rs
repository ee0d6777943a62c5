//! How OAuth clients say who they are: by a secret in the header or in the form, or by a signature, and never in two ways at
//! once (RFC 6749 §2.3).

use axum::http::HeaderMap;
use handstamp_api_types::{CLIENT_ASSERTION_TYPE, OAuthErrorCode};
use handstamp_core::{flows::clients::AuthenticatedClient, model::ClientId};

use crate::{
    AppState,
    access::{ClientCredentials, PresentedProof},
    extract::Form,
    problem::OAuthRefusal,
};

/// Takes a parameter that must be there.
pub(super) fn required(form: &mut Form, name: &str) -> Result<String, OAuthRefusal> {
    form.take(name)
        .ok_or_else(|| OAuthRefusal::new(OAuthErrorCode::InvalidRequest, format!("{name} is missing")))
}

/// Ways in which a client may say who it is, for the metadata document. `none` is for our own, at the token and revocation endpoints.
pub(super) const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];

/// Authenticates a client that can prove who it is.
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

/// Returns the client that presents a token: one that must prove who it is, or our own, which cannot.
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
    let (secret, assertion) = (form.take("client_secret"), assertion(form)?);
    match (in_header, secret, assertion) {
        (in_header, None, None) => Ok(in_header),
        (None, Some(secret), None) => {
            let id = required(form, "client_id")?;
            Ok(Some(ClientCredentials { id, proof: PresentedProof::Secret(secret) }))
        }
        (None, None, Some(jwt)) => {
            let id = form.take("client_id").unwrap_or_default();
            Ok(Some(ClientCredentials { id, proof: PresentedProof::Assertion(jwt) }))
        }
        _ => Err(OAuthRefusal::new(
            OAuthErrorCode::InvalidRequest,
            "the client says who it is in more than one way",
        )),
    }
}

/// Takes a signature in the place of a secret ([RFC 7523 §2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2)).
fn assertion(form: &mut Form) -> Result<Option<String>, OAuthRefusal> {
    let Some(jwt) = form.take("client_assertion") else { return Ok(None) };
    if required(form, "client_assertion_type")? == CLIENT_ASSERTION_TYPE {
        return Ok(Some(jwt));
    }
    Err(OAuthRefusal::new(
        OAuthErrorCode::InvalidRequest,
        format!("client_assertion_type must be {CLIENT_ASSERTION_TYPE}"),
    ))
}
