use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use http_body_util::{BodyExt as _, Limited};

/// How much of a refused body is taken off the wire. A client that sends more may find the connection closed.
const MOST_DISCARDED: usize = 2 * 1024 * 1024;

/// Reads what is left of a refused body and keeps none of it.
///
/// Many clients send their whole body before they look for a reply. Were the connection closed under them, they would see a
/// broken pipe instead of the refusal. The body gets half of the time that a request has: the reply needs some too.
pub(crate) async fn discard(body: Body, request_timeout: Duration) {
    if body.size_hint().lower() > MOST_DISCARDED as u64 {
        return;
    }
    let mut body = Limited::new(body, MOST_DISCARDED);
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    // Slow or broken, the refusal is the same.
    let _ = tokio::time::timeout(request_timeout / 2, rest).await;
}
