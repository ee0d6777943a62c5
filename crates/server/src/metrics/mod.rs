//! What the service counts, in the `OpenMetrics` text format.

mod events;
mod feed;
mod http;
mod shared;

use prometheus_client::{encoding::text::encode, registry::Registry};

pub(crate) use events::Events;
pub(crate) use feed::FeedMetrics;
pub(crate) use http::{HttpMetrics, RouteFigures};
pub(crate) use shared::SharedMetrics;

/// All figures.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) http: HttpMetrics,
    pub(crate) events: Events,
    pub(crate) feed: FeedMetrics,
    pub(crate) shared: SharedMetrics,
}

impl Metrics {
    /// The media type of [`Metrics::render`].
    pub(crate) const CONTENT_TYPE: &'static str =
        "application/openmetrics-text; version=1.0.0; charset=utf-8";

    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("handstamp");
        let http = HttpMetrics::register(&mut registry);
        let events = Events::register(&mut registry);
        let feed = FeedMetrics::register(&mut registry);
        let shared = SharedMetrics::register(&mut registry);
        Self { registry, http, events, feed, shared }
    }

    pub(crate) fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
