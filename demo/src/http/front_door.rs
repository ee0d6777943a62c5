use std::time::Duration;

use handstamp_api_types::CSRF_HEADER;
use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::idempotency_key::IDEMPOTENCY_KEY;

/// The one page that may call a service from a browser: its origin, such as `http://localhost:8801`.
#[derive(Debug, Clone)]
pub struct FrontDoor {
    origin: String,
}

impl FrontDoor {
    /// Names the page.
    pub fn new(origin: impl Into<String>) -> Self {
        Self { origin: origin.into() }
    }

    /// Returns the page's origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the layer that lets the page read answers, cookies and all ([Fetch, CORS protocol](https://fetch.spec.whatwg.org/#http-cors-protocol)).
    ///
    /// It says who may *read*. Who may *do* is the verify layer's question: it checks `Sec-Fetch-Site` and `Origin`.
    pub(crate) fn cors(&self) -> CorsLayer {
        let origin = HeaderValue::from_str(&self.origin).map_or(AllowOrigin::list([]), AllowOrigin::exact);
        CorsLayer::new()
            .allow_origin(origin)
            .allow_credentials(true)
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            .allow_headers([
                header::CONTENT_TYPE,
                header::AUTHORIZATION,
                HeaderName::from_static(CSRF_HEADER),
                IDEMPOTENCY_KEY,
            ])
            .expose_headers([header::WWW_AUTHENTICATE, header::RETRY_AFTER, header::LOCATION])
            .max_age(Duration::from_mins(10))
    }
}
