use std::time::Duration;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use handstamp_api_types::{ErrorCode, Rev, revocation::LAST_BATCH_HEADER};

use crate::{AppState, access::Subscriber, extract::Query, problem::ApiError, revocation::Subscription};

/// Streams last for minutes: a place is not free again at once.
const FULL_RETRY: Duration = Duration::from_secs(30);

/// `GET /revocations`: the revocation feed as server-sent events. First a hello that answers the nonce, then what the reader
/// does not know yet, then every event as it is committed, and a heartbeat every two seconds.
pub(super) async fn follow(
    State(state): State<AppState>,
    subscriber: Subscriber,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, ApiError> {
    note_last_batch(&state, &headers);
    let nonce =
        take_nonce(&mut query)?.ok_or_else(|| ApiError::invalid("", "The parameter nonce is missing."))?;
    // What cannot be a position of ours is none: the reader is told everything.
    let from =
        headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse::<Rev>().ok());
    let place = state.feed().place().ok_or_else(full)?;
    let subscription = Subscription::new(&state, place, subscriber, nonce, from).ok_or_else(unread)?;
    let head = [
        (header::CONTENT_TYPE.as_str(), "text/event-stream"),
        // nginx would gather events until a buffer is full.
        ("x-accel-buffering", "no"),
    ];
    Ok((head, Body::from_stream(subscription.into_events())).into_response())
}

/// A reader that was further than we are tells that our database has lost something.
pub(super) fn note_last_batch(state: &AppState, headers: &HeaderMap) {
    if let Some(batch) = headers.get(LAST_BATCH_HEADER).and_then(|batch| batch.to_str().ok()) {
        state.feed().note_last_batch(state.core(), batch);
    }
}

/// Takes the reader's nonce: 16 to 64 characters of base64url.
pub(super) fn take_nonce(query: &mut Query) -> Result<Option<String>, ApiError> {
    let given = query.take("nonce");
    let [nonce] = &given[..] else {
        return if given.is_empty() {
            Ok(None)
        } else {
            Err(ApiError::invalid("", "There is more than one nonce."))
        };
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if (16..=64).contains(&nonce.len()) && nonce.bytes().all(plain) {
        return Ok(Some(nonce.clone()));
    }
    Err(ApiError::invalid("", "A nonce has 16 to 64 characters of base64url."))
}

/// A reader that is turned away still gets what is new, by asking for snapshots.
fn full() -> ApiError {
    ApiError::new(ErrorCode::Unavailable)
        .detail("As many services follow the feed as revocation.max_subscribers allows. Ask for snapshots meanwhile.")
        .retry_after(FULL_RETRY)
}

/// The log cannot be read: the store is away. Another replica may know more than this one.
pub(super) fn unread() -> ApiError {
    ApiError::new(ErrorCode::Unavailable).retry_after(Duration::from_secs(1))
}
