//! What the gateway counts.

use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// All figures.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    targets: Family<TargetLabels, Gauge>,
    pub(crate) refreshes: Refreshes,
}

/// Refreshes on the way, by what came of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refreshes(Family<OutcomeLabels, Counter>);

/// The figures of one route, found once: what is counted for each request costs no look-up.
#[derive(Debug)]
pub(crate) struct RouteFigures {
    /// By the first digit of the status.
    by_class: [Counter; CLASSES.len()],
    seconds: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TargetLabels {
    route: String,
    target: String,
}

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

impl Metrics {
    pub(crate) fn new() -> Self {
        // From half a millisecond to sixteen seconds.
        let seconds: fn() -> Histogram = || Histogram::new(exponential_buckets(0.000_5, 2.0, 16));
        let mut registry = Registry::with_prefix("handstamp_gateway");
        let requests = Family::default();
        let seconds = Family::new_with_constructor(seconds);
        let targets = Family::default();
        let refreshes = Refreshes::default();
        registry.register("requests", "Requests answered", Family::clone(&requests));
        registry.register_with_unit(
            "request_duration",
            "How long it took until a reply began",
            Unit::Seconds,
            Family::clone(&seconds),
        );
        registry.register(
            "target_well",
            "Whether an address of a service gets requests",
            Family::clone(&targets),
        );
        registry.register(
            "refreshes",
            "Expired tokens refreshed on the way, by outcome",
            refreshes.0.clone(),
        );
        Self { registry, requests, seconds, targets, refreshes }
    }

    /// Returns the figures of a route.
    pub(crate) fn of_route(&self, route: &str) -> RouteFigures {
        let by_class = CLASSES.map(|status| {
            self.requests.get_or_create_owned(&RequestLabels { route: route.to_owned(), status })
        });
        RouteFigures {
            by_class,
            seconds: self.seconds.get_or_create_owned(&RouteLabels { route: route.to_owned() }),
        }
    }

    /// Notes how a target is doing.
    pub(crate) fn set_target(&self, route: &str, target: &str, is_well: bool) {
        let labels = TargetLabels { route: route.to_owned(), target: target.to_owned() };
        self.targets.get_or_create(&labels).set(i64::from(is_well));
    }

    /// Returns all of it as text.
    pub(crate) fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        // More may follow.
        text.truncate(text.len() - if text.ends_with(END) { END.len() } else { 0 });
        Ok(text)
    }
}

const END: &str = "# EOF\n";

impl Refreshes {
    pub(crate) fn count(&self, outcome: &'static str) {
        self.0.get_or_create(&OutcomeLabels { outcome }).inc();
    }
}

impl RouteFigures {
    pub(crate) fn observe(&self, status: u16, took: Duration) {
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        self.by_class[class].inc();
        self.seconds.observe(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Metrics;

    #[test]
    fn a_route_is_counted_under_its_pattern() {
        let metrics = Metrics::new();
        let route = metrics.of_route("/api/*");

        route.observe(200, Duration::from_millis(3));
        route.observe(204, Duration::from_millis(3));
        route.observe(502, Duration::from_millis(3));
        metrics.refreshes.count("shared");

        let text = metrics.render().unwrap();
        for line in [
            "handstamp_gateway_requests_total{route=\"/api/*\",status=\"2xx\"} 2",
            "handstamp_gateway_requests_total{route=\"/api/*\",status=\"5xx\"} 1",
            "handstamp_gateway_refreshes_total{outcome=\"shared\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        assert!(!text.contains("EOF"), "{text}");
    }
}
