use jiff::Timestamp;
use prometheus_client::{
    metrics::gauge::Gauge,
    registry::{Registry, Unit},
};

use crate::revocation::RevocationFeed;

/// The revocation feed, as it stands when somebody asks.
#[derive(Debug)]
pub(crate) struct FeedMetrics {
    events: Gauge,
    subscribers: Gauge,
    verifiers: Gauge,
    largest_lag: Gauge,
    age: Gauge,
    epoch: Gauge,
}

impl FeedMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let feed = Self {
            events: Gauge::default(),
            subscribers: Gauge::default(),
            verifiers: Gauge::default(),
            largest_lag: Gauge::default(),
            age: Gauge::default(),
            epoch: Gauge::default(),
        };
        registry.register("revocation_events", "Events that can still hit a token", feed.events.clone());
        registry.register("revocation_subscribers", "Open streams of the feed", feed.subscribers.clone());
        registry.register(
            "revocation_verifiers",
            "Processes that report how far they are",
            feed.verifiers.clone(),
        );
        registry.register(
            "revocation_largest_lag_milliseconds",
            "The age of what the slowest of them knows",
            feed.largest_lag.clone(),
        );
        registry.register_with_unit(
            "revocation_age",
            "How long ago this replica read the log to its end; -1 for never",
            Unit::Seconds,
            feed.age.clone(),
        );
        registry.register(
            "revocation_epoch",
            "The log's epoch: it changes when the database went back to an older state",
            feed.epoch.clone(),
        );
        feed
    }

    pub(crate) fn observe(&self, feed: &RevocationFeed, now: Timestamp) {
        let (events, subscribers) = feed.figures();
        let (verifiers, largest_lag) = feed.reports().figures();
        let set = |gauge: &Gauge, value: u64| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        set(&self.events, events as u64);
        set(&self.subscribers, subscribers as u64);
        set(&self.verifiers, verifiers as u64);
        set(&self.largest_lag, largest_lag);
        self.age.set(feed.status(now).age.map_or(-1, |age| i64::try_from(age.as_secs()).unwrap_or(i64::MAX)));
        self.epoch.set(feed.position().map_or(0, |position| i64::from(position.epoch)));
    }
}
