use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue},
};
use handstamp_api_types::AuthorizationServerMetadata;
use handstamp_token::Algorithm;

use super::{jwks::KEEP, oauth2_client, oauth2_token};
use crate::{AppState, access::profiles_uri};

/// `GET /.well-known/oauth-authorization-server` and `GET /.well-known/openid-configuration`: one document, so that the two
/// cannot differ.
///
/// There is no authorization endpoint yet, so `response_types_supported` and `id_token_signing_alg_values_supported` are empty
/// and left out ([RFC 8414 §3.2](https://www.rfc-editor.org/rfc/rfc8414#section-3.2)): to name one would be a promise that nothing keeps.
pub(super) async fn metadata(
    State(state): State<AppState>,
) -> ([(HeaderName, HeaderValue); 1], Json<AuthorizationServerMetadata>) {
    let at = |path: &str| format!("{}{path}", state.public_url());
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let keys = state.core().keyring.verifying_keys();
    let mut algorithms: Vec<_> = keys.iter().map(|key| key.algorithm().name().to_owned()).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    let mut claims = names(&[
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "jti",
        "client_id",
        "sid",
        "auth_time",
        "amr",
        "preferred_username",
        "email",
        "roles",
        "org_id",
        "rev",
        "scope",
        "act",
    ]);
    let asymmetric = Algorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric());
    let assertion_algorithms: Vec<_> = asymmetric.map(|algorithm| algorithm.name().to_owned()).collect();
    let has_lists = state.core().settings.status_lists.is_some();
    claims.extend(has_lists.then(|| "status".to_owned()));
    claims.extend(state.core().settings.tokens.custom_claims.iter().cloned());
    let document = AuthorizationServerMetadata {
        issuer: state.public_url().to_string(),
        jwks_uri: at("/.well-known/jwks.json"),
        token_endpoint: Some(at("/oauth2/token")),
        revocation_endpoint: Some(at("/oauth2/revoke")),
        introspection_endpoint: Some(at("/oauth2/introspect")),
        grant_types_supported: names(&oauth2_token::GRANTS),
        token_endpoint_auth_methods_supported: [names(&oauth2_client::METHODS), names(&["none"])].concat(),
        token_endpoint_auth_signing_alg_values_supported: assertion_algorithms.clone(),
        revocation_endpoint_auth_methods_supported: [names(&oauth2_client::METHODS), names(&["none"])]
            .concat(),
        revocation_endpoint_auth_signing_alg_values_supported: assertion_algorithms.clone(),
        introspection_endpoint_auth_methods_supported: names(&oauth2_client::METHODS),
        introspection_endpoint_auth_signing_alg_values_supported: assertion_algorithms,
        access_token_signing_alg_values_supported: algorithms,
        subject_types_supported: names(&["public"]),
        claims_supported: claims,
        status_list_aggregation_endpoint: has_lists.then(|| at("/status-lists")),
        handstamp_revocations_uri: Some(at("/revocations")),
        handstamp_profiles_uri: Some(profiles_uri(state.public_url())),
        ..AuthorizationServerMetadata::default()
    };
    ([KEEP], Json(document))
}
