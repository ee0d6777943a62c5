use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use handstamp_api_types::{Rev, revocation::RevocationSnapshot};

use super::revocations::{note_last_batch, take_nonce, unread};
use crate::{AppState, access::Subscriber, extract::Query, problem::ApiError};

/// `GET /revocations/snapshot`: the same as a plain document, for those who poll.
///
/// With a nonce the answer is for one reader; without, it may be kept for a second, and costs nothing while nothing happens.
pub(super) async fn snapshot(
    State(state): State<AppState>,
    _subscriber: Subscriber,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, ApiError> {
    note_last_batch(&state, &headers);
    let nonce = take_nonce(&mut query)?;
    let from = query.take("after").first().and_then(|after| after.parse::<Rev>().ok());
    let is_for_one = nonce.is_some();
    let (head, batches) = state.feed().snapshot(state.core(), nonce, from, state.now()).ok_or_else(unread)?;
    let body = Json(RevocationSnapshot { batches });
    if is_for_one {
        return Ok(body.into_response());
    }
    let tag = format!("\"{head}\"");
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes());
    let kept = [(header::ETAG, tag), (header::CACHE_CONTROL, "private, max-age=1".to_owned())];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    Ok((kept, body).into_response())
}
