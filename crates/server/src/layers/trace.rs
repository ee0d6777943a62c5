use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};

use crate::AppState;

/// One log line and one count for each request. The query is left out: some day somebody puts a token there.
pub(super) async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    // The route, not the address: addresses hold ids, and there is no end of them.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let took = started.elapsed();
    state.metrics().http.observe(&method, route, status, took);
    tracing::info!(%method, route, status, ms = took.as_secs_f64() * 1_000.0, "answered");
    response
}
