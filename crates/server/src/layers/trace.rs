use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::{Method, StatusCode},
};

use crate::AppState;

/// One log line and one count for each request. The query is left out: some day somebody puts a token there.
pub(super) struct Trace {
    started: Instant,
    method: Method,
    /// The route, not the address: addresses hold ids, and there is no end of them.
    route: Option<MatchedPath>,
}

impl Trace {
    pub(super) fn begin(request: &Request) -> Self {
        Self {
            started: Instant::now(),
            method: request.method().clone(),
            route: request.extensions().get().cloned(),
        }
    }

    pub(super) fn end(self, state: &AppState, status: StatusCode) {
        let Self { started, method, route } = self;
        let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
        let (status, took) = (status.as_u16(), started.elapsed());
        state.metrics().http.observe(&method, route, status, took);
        tracing::info!(%method, route, status, ms = took.as_secs_f64() * 1_000.0, "answered");
    }
}
