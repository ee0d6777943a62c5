//! What every request passes on its way in, and every reply on its way out.

mod body_limit;
mod client_address;
mod cors;
mod error_pages;
mod panic;
mod plain_http;
mod request_id;
mod security_headers;
mod timeout;
mod trace;

use axum::{Router, middleware::from_fn_with_state};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

pub(crate) use client_address::ClientAddress;
pub(crate) use request_id::id_of;

use crate::AppState;

/// Wraps the routes. The outermost layer stands first: requests pass them downwards, replies upwards.
///
/// Innermost, around each route of its own, stands the verify layer with the access rule of the table of routes; it
/// applies the CSRF rules as well. Rate limits need to know whose account it is about: the routes ask for them.
pub(crate) fn wrap(router: Router, state: &AppState) -> Router {
    let outer = ServiceBuilder::new()
        // Everything below can be found in the log by its id, refusals of the layers themselves included.
        .layer(from_fn_with_state(state.clone(), request_id::layer))
        .layer(from_fn_with_state(state.clone(), trace::layer))
        .layer(from_fn_with_state(state.clone(), security_headers::layer))
        // People get a page in the place of a problem, the panics and timeouts below included.
        .layer(from_fn_with_state(state.clone(), error_pages::layer))
        .layer(CatchPanicLayer::custom(panic::to_problem))
        .layer(from_fn_with_state(state.clone(), timeout::layer));
    let inner = ServiceBuilder::new()
        .layer(from_fn_with_state(state.clone(), plain_http::layer))
        // Before the checks: a page that is allowed to call must be able to read why it was refused.
        .layer(cors::layer(state.config()))
        .layer(from_fn_with_state(state.clone(), body_limit::layer))
        .layer(from_fn_with_state(state.clone(), client_address::layer));
    router.layer(inner).layer(outer)
}
