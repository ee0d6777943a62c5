use std::time::Instant;

use axum::{
    extract::Request,
    http::{Method, StatusCode},
};

use super::route::{Named, Route};
use crate::{AppState, metrics::RouteFigures};

/// One log line and one count for each request. The query is left out: some day somebody puts a token there.
pub(super) struct Trace {
    started: Instant,
    method: Method,
    route: Named,
}

impl Trace {
    pub(super) fn begin(route: &Route, request: &Request) -> Self {
        Self { started: Instant::now(), method: request.method().clone(), route: route.of(request) }
    }

    /// `figures` are of the route that the endpoint is for, if it is for one.
    pub(super) fn end(self, state: &AppState, figures: &RouteFigures, status: StatusCode) {
        let Self { started, method, route } = self;
        let (status, took) = (status.as_u16(), started.elapsed());
        let http = &state.metrics().http;
        match &route {
            Named::Of(path) => http.observe_at(figures, &method, path, status, took),
            Named::Found(_) | Named::Unmatched => http.observe(&method, route.label(), status, took),
        }
        tracing::info!(%method, route = route.label(), status, ms = (took.as_secs_f64() * 1e6).round() / 1e3, "answered");
    }
}
