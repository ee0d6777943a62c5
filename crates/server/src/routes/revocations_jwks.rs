use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue},
};
use handstamp_token::Jwks;

use super::jwks::keep_keys;
use crate::AppState;

/// `GET /revocations/jwks.json`: the keys of the feed, and none of those that sign access tokens.
pub(super) async fn jwks(State(state): State<AppState>) -> ([(HeaderName, HeaderValue); 1], Json<Jwks>) {
    ([keep_keys(&state)], Json(state.core().keyring.feed_verifying_keys().to_jwks()))
}
