//! What an issuer publishes.

use std::io::Write as _;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64_simd::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use handstamp_api_types::AuthorizationServerMetadata;
use handstamp_api_types::status_list::{
    PackedStatuses, STATUS_LIST_MEDIA_TYPE, STATUS_LIST_TYP, StatusListAggregation, StatusListClaims,
};
use handstamp_token::Jwks;

use crate::{TestIssuer, recipe};

/// How long a status list is kept, in seconds: a test wants to see what it has just done.
const LIST_TTL: u64 = 1;

/// Returns the address of the one status list.
pub(crate) fn status_list_uri(issuer: &TestIssuer) -> String {
    format!("{}/status-lists/1", issuer.url())
}

/// `GET /`: what this is, for somebody who looks.
pub(super) async fn front_page(State(issuer): State<TestIssuer>) -> String {
    format!(
        "A Handstamp issuer for tests: whoever reaches it makes any token.\n\n\
         issuer    {issuer}\naudience  {audience}\n\n\
         GET  /.well-known/oauth-authorization-server, /.well-known/openid-configuration, /.well-known/jwks.json\n\
         GET  /revocations, /revocations/snapshot, /status-lists/1, /auth/whoami\n\
         POST /dev/tokens          {{\"sub\":\"ann\",\"roles\":[\"admin\"],\"expires_in\":600}}\n\
         POST /dev/invalid-tokens  {{\"token\":\"a good one\",\"mode\":\"bearer\"}}\n\
         POST /dev/revocations     {{\"level\":\"sid\",\"value\":\"s1\",\"kind\":\"dead\"}}\n\
         POST /dev/clock           {{\"advance\":3600}}\n\
         POST /dev/keys/rotate\n\
         GET  /dev/clock, /dev/keys/private, /dev/recipe, /dev/requests\n\n\
         curl {issuer}/dev/tokens --json '{{\"sub\":\"ann\",\"roles\":[\"admin\"]}}'\n",
        issuer = issuer.url(),
        audience = issuer.audience()
    )
}

/// `GET /.well-known/oauth-authorization-server` and `GET /.well-known/openid-configuration`.
pub(super) async fn metadata(State(issuer): State<TestIssuer>) -> Json<AuthorizationServerMetadata> {
    let at = |path: &str| format!("{}{path}", issuer.url());
    Json(AuthorizationServerMetadata {
        issuer: issuer.url().to_owned(),
        jwks_uri: at("/.well-known/jwks.json"),
        access_token_signing_alg_values_supported: vec![issuer.algorithm().name().to_owned()],
        subject_types_supported: vec!["public".to_owned()],
        status_list_aggregation_endpoint: Some(at("/status-lists")),
        handstamp_revocations_uri: Some(at("/revocations")),
        ..AuthorizationServerMetadata::default()
    })
}

/// `GET /.well-known/jwks.json`.
pub(super) async fn jwks(State(issuer): State<TestIssuer>) -> Json<Jwks> {
    Json(issuer.jwks())
}

/// `GET /status-lists`.
pub(super) async fn status_lists(State(issuer): State<TestIssuer>) -> Json<StatusListAggregation> {
    Json(StatusListAggregation { status_lists: vec![status_list_uri(&issuer)] })
}

/// `GET /status-lists/1`: a Token Status List with a place for every token.
pub(super) async fn status_list(State(issuer): State<TestIssuer>) -> Response {
    let bits = issuer.minted().bits();
    let now = issuer.now();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    let packed = zlib.write_all(&bits).and_then(|()| zlib.finish());
    let claims = packed.map(|packed| StatusListClaims {
        iss: issuer.url().to_owned(),
        sub: status_list_uri(&issuer),
        iat: now,
        exp: now.saturating_add(std::time::Duration::from_mins(10)),
        ttl: LIST_TTL,
        status_list: PackedStatuses { bits: 1, lst: URL_SAFE_NO_PAD.encode_to_string(packed) },
    });
    let document =
        claims.ok().and_then(|claims| issuer.signing_key().sign_document(STATUS_LIST_TYP, &claims).ok());
    match document {
        Some(document) => ([(header::CONTENT_TYPE, STATUS_LIST_MEDIA_TYPE)], document).into_response(),
        // More tokens than a document has room for: a test issuer has one list.
        None => StatusCode::INSUFFICIENT_STORAGE.into_response(),
    }
}

/// `GET /dev/recipe`: the recipe of all bad tokens.
pub(super) async fn recipe() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], recipe::FILE)
}
