use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// What happened, by outcome.
#[derive(Debug)]
pub(crate) struct Events {
    sign_ins: Family<Outcome, Counter>,
    refreshes: Family<Outcome, Counter>,
    rate_limited: Family<Outcome, Counter>,
    upstream_sign_ins: Family<UpstreamOutcome, Counter>,
    upstream_logouts: Family<UpstreamOutcome, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// Upstreams are those of the configuration: strangers cannot make up time series.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamOutcome {
    upstream: String,
    outcome: &'static str,
}

impl UpstreamOutcome {
    fn new(upstream: &str, outcome: &'static str) -> Self {
        Self { upstream: upstream.to_owned(), outcome }
    }
}

impl Events {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let events = Self {
            sign_ins: Family::default(),
            refreshes: Family::default(),
            rate_limited: Family::default(),
            upstream_sign_ins: Family::default(),
            upstream_logouts: Family::default(),
        };
        registry.register("sign_ins", "Attempts to sign in, by what became of them", events.sign_ins.clone());
        registry.register(
            "refreshes",
            "Attempts to refresh, by what became of them",
            events.refreshes.clone(),
        );
        registry.register(
            "rate_limited",
            "Attempts turned away, by the limit they met",
            events.rate_limited.clone(),
        );
        registry.register(
            "upstream_sign_ins",
            "Attempts to sign in or to link an account through an upstream, by what became of them",
            events.upstream_sign_ins.clone(),
        );
        registry.register(
            "upstream_logouts",
            "Logout tokens of upstreams, by what became of them",
            events.upstream_logouts.clone(),
        );
        events
    }

    pub(crate) fn sign_in(&self, outcome: &'static str) {
        self.sign_ins.get_or_create(&Outcome { outcome }).inc();
    }

    pub(crate) fn upstream_sign_in(&self, upstream: &str, outcome: &'static str) {
        self.upstream_sign_ins.get_or_create(&UpstreamOutcome::new(upstream, outcome)).inc();
    }

    pub(crate) fn upstream_logout(&self, upstream: &str, outcome: &'static str) {
        self.upstream_logouts.get_or_create(&UpstreamOutcome::new(upstream, outcome)).inc();
    }

    pub(crate) fn refresh(&self, outcome: &'static str) {
        self.refreshes.get_or_create(&Outcome { outcome }).inc();
    }

    pub(crate) fn rate_limited(&self, limit: &'static str) {
        self.rate_limited.get_or_create(&Outcome { outcome: limit }).inc();
    }
}
