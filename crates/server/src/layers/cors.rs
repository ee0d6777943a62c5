use std::{
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::http::{HeaderName, HeaderValue, Method, Request, Response, header};
use futures_util::future::Either;
use handstamp_api_types::CSRF_HEADER;
use tower::{Layer, Service};
use tower_http::cors::{self, AllowCredentials, AllowOrigin, CorsLayer};

use crate::config::Config;

/// How long a browser may remember a permission. Chromium caps it at two hours.
const REMEMBER: Duration = Duration::from_hours(1);

/// Where proxies ask. No script of a page does, and the answer is about another address than this one: an `OPTIONS` that is
/// asked about must not be taken for a preflight to ourselves, and be let pass.
const FORWARD_AUTH: &str = "/auth/check";

/// Lets pages of the configured origins call with cookies. An origin is compared whole, never by pattern or suffix.
pub(super) fn layer(config: &Config) -> Cors {
    let origins =
        config.server.allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let origins: Vec<_> = origins.collect();
    let with_cookies = origins.clone();
    let layer = CorsLayer::new()
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
        .max_age(REMEMBER);
    Cors(layer)
}

/// The permissions, for all addresses but [`FORWARD_AUTH`].
#[derive(Clone)]
pub(super) struct Cors(CorsLayer);

#[derive(Clone)]
pub(super) struct CorsService<S> {
    with: cors::Cors<S>,
    without: S,
}

impl<S: Clone> Layer<S> for Cors {
    type Service = CorsService<S>;

    fn layer(&self, inner: S) -> CorsService<S> {
        CorsService { with: self.0.layer(inner.clone()), without: inner }
    }
}

impl<S, I, O> Service<Request<I>> for CorsService<S>
where
    S: Service<Request<I>, Response = Response<O>>,
    O: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<S::Future, <cors::Cors<S> as Service<Request<I>>>::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        ready!(self.without.poll_ready(cx))?;
        self.with.poll_ready(cx)
    }

    fn call(&mut self, request: Request<I>) -> Self::Future {
        let rest = request.uri().path().strip_prefix(FORWARD_AUTH);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            return Either::Left(self.without.call(request));
        }
        Either::Right(self.with.call(request))
    }
}
