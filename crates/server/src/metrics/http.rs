use std::{sync::OnceLock, time::Duration};

use http::Method;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

/// Requests and how long they took.
#[derive(Debug)]
pub(crate) struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
}

/// The figures of one route, kept beside it once they are found: to find them is to write and hash their labels.
#[derive(Debug, Default)]
pub(crate) struct RouteFigures {
    /// Of requests with this method that went well.
    well: OnceLock<(&'static str, Counter)>,
    seconds: OnceLock<Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

impl HttpMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        // From half a millisecond to sixteen seconds.
        let seconds = || Histogram::new(exponential_buckets(0.000_5, 2.0, 16));
        let metrics = Self { requests: Family::default(), seconds: Family::new_with_constructor(seconds) };
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "How long answering took",
            Unit::Seconds,
            metrics.seconds.clone(),
        );
        metrics
    }

    /// Counts a request whose route is not known beforehand.
    pub(crate) fn observe(&self, method: &Method, route: &str, status: u16, took: Duration) {
        self.requests(known(method), route, status).inc();
        self.seconds(route).observe(took.as_secs_f64());
    }

    /// Counts a request of the route that these figures are of.
    pub(crate) fn observe_at(
        &self,
        figures: &RouteFigures,
        method: &Method,
        route: &str,
        status: u16,
        took: Duration,
    ) {
        let method = known(method);
        let well = || (method, self.requests(method, route, WELL));
        match figures.well.get() {
            Some((usual, counter)) if status == WELL && *usual == method => counter.inc(),
            None if status == WELL => figures.well.get_or_init(well).1.inc(),
            _ => self.requests(method, route, status).inc(),
        };
        figures.seconds.get_or_init(|| self.seconds(route)).observe(took.as_secs_f64());
    }

    fn requests(&self, method: &'static str, route: &str, status: u16) -> Counter {
        self.requests.get_or_create_owned(&RequestLabels { method, route: route.to_owned(), status })
    }

    fn seconds(&self, route: &str) -> Histogram {
        self.seconds.get_or_create_owned(&RouteLabels { route: route.to_owned() })
    }
}

/// The status of most replies.
const WELL: u16 = 200;

/// A client can make up methods; it must not be able to make up time series.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Method;
    use prometheus_client::{encoding::text::encode, registry::Registry};

    use super::{HttpMetrics, RouteFigures};

    #[test]
    fn figures_that_are_kept_are_those_that_are_found() {
        let requests = [(Method::HEAD, 200), (Method::GET, 200), (Method::GET, 401), (Method::HEAD, 200)];
        let (mut found, mut kept) = (Registry::default(), Registry::default());
        let (finding, keeping) = (HttpMetrics::register(&mut found), HttpMetrics::register(&mut kept));
        let figures = RouteFigures::default();

        for (method, status) in requests {
            finding.observe(&method, "/x", status, Duration::from_millis(3));
            keeping.observe_at(&figures, &method, "/x", status, Duration::from_millis(3));
        }

        let text = |registry: &Registry| {
            let mut text = String::new();
            encode(&mut text, registry).unwrap();
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(text(&kept), text(&found));
        assert!(text(&kept).iter().any(|line| line.contains("HEAD") && line.ends_with(" 2")), "{kept:?}");
    }
}
