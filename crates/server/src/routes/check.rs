use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use handstamp_verify::forward_auth::{Check as _, Question};

use crate::{AppState, access::Door};

/// `GET /auth/check`: forward-auth. A proxy asks before it passes a request on, and copies our headers into it.
pub(super) async fn check(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    answer(state, Question::of_proxy(&parts)).await
}

/// `/auth/check/envoy/…`, with any method: the same for Envoy, which shows the request itself.
pub(super) async fn envoy(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    answer(state, Question::of_envoy(&parts)).await
}

async fn answer(state: AppState, question: Question<'_>) -> Response {
    match Door(state).check(&question).await {
        Ok(passed) => passed.response::<Body>(),
        Err(refused) => refused.response::<Body>(),
    }
}
