use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// What replicas share: limits, news, profiles.
#[derive(Debug)]
pub(crate) struct SharedMetrics {
    failures: Family<What, Counter>,
    away: Family<What, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct What {
    what: &'static str,
}

impl SharedMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let shared = Self { failures: Family::default(), away: Family::default() };
        registry.register(
            "shared_failures",
            "Calls for what replicas share that failed or took too long",
            shared.failures.clone(),
        );
        registry.register(
            "shared_away",
            "Whether this replica goes on by itself: 1 while what replicas share cannot be had",
            shared.away.clone(),
        );
        shared
    }

    /// Returns the counter of failures of one of them.
    pub(crate) fn failures(&self, what: &'static str) -> Counter {
        self.failures.get_or_create(&What { what }).clone()
    }

    /// Notes how they stand.
    pub(crate) fn observe(&self, standing: impl IntoIterator<Item = (&'static str, bool)>) {
        for (what, is_away) in standing {
            self.away.get_or_create(&What { what }).set(i64::from(is_away));
        }
    }
}
