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
    let may_read_the_token = is_asking_proxy(&state, parts);
    match Door(state).check(&question).await {
        Ok(passed) if may_read_the_token => passed.response::<Body>(),
        Ok(passed) => passed.without_cookie().response::<Body>(),
        Err(refused) => refused.response::<Body>(),
    }
}

/// Returns whether it is a proxy that asks, as far as can be told: what a request says of itself, a script can say too. A proxy that merely
/// stands in front passes on what a script asks.
fn is_asking_proxy(state: &AppState, parts: &Parts) -> bool {
    let asking = &state.config().server.forward_auth_proxies;
    let peer = parts.extensions.get::<Peer>();
    peer.is_some_and(|peer| asking.iter().any(|network| network.contains(peer.address.ip())))
}
