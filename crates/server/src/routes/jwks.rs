use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue, header},
};
use handstamp_token::Jwks;

use crate::AppState;

/// Verifiers may keep the keys for five minutes. A key that they do not know they ask for at once; one that leaked is
/// taken back by the revocation feed, not by this.
pub(super) const KEEP: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));

/// `GET /.well-known/jwks.json`: public keys only, by the type that they have.
pub(super) async fn jwks(State(state): State<AppState>) -> ([(HeaderName, HeaderValue); 1], Json<Jwks>) {
    ([KEEP], Json(state.core().keyring.jwks()))
}
