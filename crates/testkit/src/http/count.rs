use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::TestIssuer;

/// Counts requests, so that a test can tell how often keys were fetched.
pub(super) async fn count(State(issuer): State<TestIssuer>, request: Request, next: Next) -> Response {
    issuer.inner().http.count(request.uri().path());
    next.run(request).await
}
