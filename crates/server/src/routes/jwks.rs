use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue, header},
};
use handstamp_token::Jwks;

use crate::AppState;

/// What never changes while the service runs may be kept for five minutes.
pub(super) const KEEP: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));

/// How long verifiers may keep the keys: no longer than a key is published before it signs. A key that they do not know they ask
/// for at once; one that leaked is taken back by the revocation feed, not by this.
pub(super) fn keep_keys(state: &AppState) -> (HeaderName, HeaderValue) {
    let seconds = state.core().settings.keys.cache_time().as_secs();
    // Digits can stand in a header.
    let value = HeaderValue::from_str(&format!("public, max-age={seconds}"));
    (header::CACHE_CONTROL, value.unwrap_or(HeaderValue::from_static("no-store")))
}

/// `GET /.well-known/jwks.json`: public keys only, by the type that they have.
pub(super) async fn jwks(State(state): State<AppState>) -> ([(HeaderName, HeaderValue); 1], Json<Jwks>) {
    ([keep_keys(&state)], Json(state.core().keyring.jwks()))
}
