use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue, header},
};
use handstamp_api_types::{BrowserModule, BrowserModules};

use super::assets::FOR_ALL;
use crate::AppState;

/// `GET /auth/client.json`: where the browser modules are for ever, and what they must be.
pub(super) async fn list(
    State(state): State<AppState>,
) -> ([(HeaderName, HeaderValue); 2], [(HeaderName, HeaderValue); 1], Json<BrowserModules>) {
    let keep = [(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    let modules = state.pages().assets().modules().iter().map(|module| BrowserModule {
        name: module.plain_name().to_owned(),
        url: format!("{}{}", state.public_url(), module.path()),
        integrity: module.integrity(),
    });
    (FOR_ALL, keep, Json(BrowserModules { modules: modules.collect() }))
}
