use std::time::Duration;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
};
use handstamp_api_types::CSRF_HEADER;
use tower_http::cors::{AllowCredentials, AllowOrigin, CorsLayer};

use super::is_forward_auth;
use crate::config::Config;

/// How long a browser may remember a permission. Chromium caps it at two hours.
const REMEMBER: Duration = Duration::from_hours(1);

/// Lets pages of the configured origins call with cookies. An origin is compared whole, never by pattern or suffix.
pub(super) fn layer(config: &Config) -> CorsLayer {
    let origins =
        config.server.allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let origins: Vec<_> = origins.collect();
    let with_cookies = origins.clone();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        // Documents that everybody may read say so themselves, and speak to no cookie.
        .allow_credentials(AllowCredentials::predicate(move |origin, _| with_cookies.contains(origin)))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static(CSRF_HEADER),
            // The browser client marks what it may have to repeat.
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("x-request-id"),
        ])
        .expose_headers([
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
            HeaderName::from_static("x-request-id"),
        ])
        .max_age(REMEMBER)
}

/// Returns whether a page asks, or asks whether it may. Who names no origin needs no permission.
///
/// An `OPTIONS` that a proxy asks about must not be taken for a preflight to ourselves, and be let pass.
pub(super) fn concerns(request: &Request) -> bool {
    let asks = request.headers().contains_key(header::ORIGIN) || request.method() == Method::OPTIONS;
    asks && may_vary(request)
}

/// Returns whether another origin could get another answer here.
pub(super) fn may_vary(request: &Request) -> bool {
    !is_forward_auth(request.uri().path())
}

/// Tells caches what [`layer`] tells them where it is not asked.
pub(super) fn vary(headers: &mut HeaderMap) {
    headers.append(
        header::VARY,
        HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers"),
    );
}
