use std::time::Duration;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use handstamp_api_types::{ErrorCode, status_list::STATUS_LIST_MEDIA_TYPE};

use crate::{
    AppState,
    extract::{Accepted, Query, has_it},
    problem::ApiError,
    status_list::{BuildError, Document},
};

/// When a list may be had again that cannot be made now.
const RETRY: Duration = Duration::from_secs(5);

/// Scripts of every page may read a list: it names nobody (§8.1 of the draft).
pub(super) const FOR_EVERYBODY: (&str, HeaderValue) =
    ("access-control-allow-origin", HeaderValue::from_static("*"));

/// `GET /status-lists/{id}`: a Token Status List, for services that do not follow the revocation feed.
pub(super) async fn status_list(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, ApiError> {
    find(&state, &id, &headers, &mut query).await.map_err(|refused| refused.headers([FOR_EVERYBODY]))
}

async fn find(
    state: &AppState,
    id: &str,
    headers: &HeaderMap,
    query: &mut Query,
) -> Result<Response, ApiError> {
    // §8.4: rather no answer than one about another time than was asked for.
    if !query.take("time").is_empty() {
        return Err(ApiError::new(ErrorCode::NotImplemented).detail("Past states of a list are not kept."));
    }
    let accepted = Accepted::of(headers);
    if !accepted.takes(STATUS_LIST_MEDIA_TYPE) {
        let detail = format!("Lists come as {STATUS_LIST_MEDIA_TYPE}.");
        return Err(ApiError::new(ErrorCode::NotAcceptable).detail(detail));
    }
    let not_found = || ApiError::new(ErrorCode::NotFound);
    let id = id.parse().map_err(|_| not_found())?;
    let now = state.now();
    let document = state.status_lists().find(state.core(), id, now).await?.ok_or_else(not_found)?;
    Ok(reply(&document, &accepted, headers, document.fresh_for(now)))
}

fn reply(document: &Document, accepted: &Accepted, request: &HeaderMap, fresh_for: Duration) -> Response {
    let zipped = accepted.takes_gzip();
    // Two forms, two tags (RFC 9110 §8.8.3.3).
    let tag = format!("\"{}{}\"", document.tag, if zipped { ".gz" } else { "" });
    let kept = [
        (header::CACHE_CONTROL, format!("public, max-age={}", fresh_for.as_secs())),
        (header::VARY, "accept, accept-encoding".to_owned()),
        (header::ETAG, tag.clone()),
    ];
    let (name, everybody) = FOR_EVERYBODY;
    if has_it(request, &tag) {
        return (StatusCode::NOT_MODIFIED, kept, [(name, everybody)]).into_response();
    }
    let content_type = [(header::CONTENT_TYPE, STATUS_LIST_MEDIA_TYPE)];
    let body = if zipped { document.zipped.clone() } else { document.plain.clone() };
    let mut response = (kept, content_type, [(name, everybody)], body).into_response();
    if zipped {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

impl From<BuildError> for ApiError {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Store(error) => Self::from(error).retry_after(RETRY),
            BuildError::Document(_) | BuildError::BrokenOff(_) => Self::new(ErrorCode::Internal).cause(error),
        }
    }
}
