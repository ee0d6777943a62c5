use axum::{
    body::Body,
    extract::{Request, State},
    http::request::Parts,
    response::Response,
};
use handstamp_listen::Peer;
use handstamp_verify::forward_auth::{Check as _, Question};

use crate::{AppState, access::Door};

/// `GET /auth/check`: forward-auth. A proxy asks before it passes a request on, and copies our headers into it.
pub(super) async fn check(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    answer(state, &parts, Question::of_proxy(&parts)).await
}

/// `/auth/check/envoy/…`, with any method: the same for Envoy, which shows the request itself.
pub(super) async fn envoy(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    answer(state, &parts, Question::of_envoy(&parts)).await
}

async fn answer(state: AppState, parts: &Parts, question: Question<'_>) -> Response {
    let is_proxy = is_proxy_of_ours(&state, parts);
    match Door(state).check(&question).await {
        Ok(passed) if is_proxy => passed.response::<Body>(),
        Ok(passed) => passed.without_cookie().response::<Body>(),
        Err(refused) => refused.response::<Body>(),
    }
}

/// Returns whether it is one of the trusted proxies that asks. What a request says of itself, a script can say too.
fn is_proxy_of_ours(state: &AppState, parts: &Parts) -> bool {
    let trusted = &state.config().server.trusted_proxies;
    let peer = parts.extensions.get::<Peer>();
    peer.is_some_and(|peer| trusted.iter().any(|network| network.contains(peer.address.ip())))
}
