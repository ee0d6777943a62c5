//! The revocation feed, as `docs/reference/revocation-feed.md` describes it.

use std::convert::Infallible;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use handstamp_api_types::Rev;
use handstamp_api_types::revocation::{
    BATCH_TYP, MAX_BATCHES_PER_SNAPSHOT, MAX_EVENTS_PER_BATCH, RevocationBatch, RevocationReport,
    RevocationSnapshot,
};
use handstamp_token::{Jwks, UnixTime};
use handstamp_verify::{Clock as _, SystemClock};
use serde::Deserialize;

use crate::TestIssuer;
use crate::issuer::log::{BATCH_LIFETIME, Times};

#[derive(Deserialize)]
pub(super) struct Asked {
    nonce: Option<String>,
    after: Option<String>,
}

/// `GET /revocations`: the event stream.
pub(super) async fn stream(
    State(issuer): State<TestIssuer>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let position = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let receiver = issuer.inner().http.open_stream(|| answer(&issuer, asked.nonce, position.as_deref()));
    let body = futures_util::stream::unfold(receiver, |mut receiver| async {
        let frame: Bytes = receiver.recv().await?;
        Some((Ok::<_, Infallible>(frame), receiver))
    });
    (
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")],
        Body::from_stream(body),
    )
        .into_response()
}

/// `GET /revocations/snapshot`: the same for those who poll.
pub(super) async fn snapshot(
    State(issuer): State<TestIssuer>,
    Query(asked): Query<Asked>,
) -> impl IntoResponse {
    let batches = answer(&issuer, asked.nonce, asked.after.as_deref());
    ([(header::CACHE_CONTROL, "no-store")], Json(RevocationSnapshot { batches }))
}

/// `GET /revocations/jwks.json`: the feed's own keys.
pub(super) async fn jwks(State(issuer): State<TestIssuer>) -> Json<Jwks> {
    let key = issuer.inner().http.feed_key.verifying_key();
    Json(Jwks { keys: key.to_jwk().into_iter().collect() })
}

/// `POST /revocations/report`: how far a verifier is. Nobody waits for it here.
pub(super) async fn report(Json(_): Json<RevocationReport>) -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Returns the signed batch of what came after a position, through another.
pub(super) fn signed(issuer: &TestIssuer, after: u64, through: u64) -> String {
    let batch = issuer.log().batch(after, through, times(issuer));
    sign(issuer, &batch)
}

pub(super) fn frame(batch: &str) -> Bytes {
    format!("event: batch\ndata: {batch}\n\n").into()
}

/// Returns the greeting and everything after a position.
fn answer(issuer: &TestIssuer, nonce: Option<String>, position: Option<&str>) -> Vec<String> {
    let log = issuer.log();
    let head = log.position();
    let times = times(issuer);
    let greeting = RevocationBatch {
        selector_key: nonce.is_some().then(|| log.selector_key()),
        nonce,
        ..log.batch(head.seq, head.seq, times)
    };
    let mut batches = vec![sign(issuer, &greeting)];
    let known = position.and_then(|position| position.parse::<Rev>().ok());
    let known = known.filter(|known| known.epoch == head.epoch && known.seq <= head.seq);
    let mut after = known.map_or(0, |known| known.seq);
    while after < head.seq && batches.len() <= MAX_BATCHES_PER_SNAPSHOT {
        // A log of ours has no holes, so as many numbers are as many events.
        let through = head.seq.min(after + MAX_EVENTS_PER_BATCH as u64);
        batches.push(sign(issuer, &log.batch(after, through, times)));
        after = through;
    }
    batches
}

fn sign(issuer: &TestIssuer, batch: &RevocationBatch) -> String {
    // Numbers and short texts, and at most as many events as a batch may have.
    issuer.inner().http.feed_key.sign_document(BATCH_TYP, batch).unwrap_or_default()
}

/// A batch is as good by the machine's clock as by the one that the test moves: services go by either. How old it is is told by
/// the machine's alone, which no test moves.
fn times(issuer: &TestIssuer) -> Times {
    let (moved, real) = (issuer.now(), SystemClock.now());
    let exp: UnixTime = moved.max(real).saturating_add(BATCH_LIFETIME);
    Times { iat: moved.min(real), exp, milliseconds: milliseconds() }
}

#[expect(clippy::disallowed_methods, reason = "batches say to the millisecond when they were signed")]
fn milliseconds() -> u64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}
