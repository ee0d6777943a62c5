use axum::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{self, Entry},
};

use crate::AppState;

/// What a reply says unless its route has said something of its own.
static DEFAULTS: [(HeaderName, HeaderValue); 7] = [
    // Most replies name a person or a token. The few that may be kept say so themselves.
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// How many headers are added to a reply after its route: these, HSTS, the id, and what it varies with.
const ADDED: usize = DEFAULTS.len() + 3;

/// Adds them; what is said of https, only to those who come by it.
pub(super) fn add(state: &AppState, by_https: bool, headers: &mut HeaderMap) {
    headers.reserve(ADDED);
    for (name, value) in &DEFAULTS {
        if let Entry::Vacant(free) = headers.entry(name) {
            free.insert(value.clone());
        }
    }
    if by_https && let Some(told) = state.strict_transport_security() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, told.clone());
    }
}
