//! The orders service: what an organisation has ordered.

mod attachment;
mod colleagues;
mod events;
mod first_orders;
mod form;
mod model;
mod routes;
mod store;

use axum::Router;
use axum::routing::{delete, get, post};
use handstamp_verify::axum::{Declare, Routes};
use handstamp_verify::token_source::{ClientCredentials, TokenSource};
use handstamp_verify::{Verifier, access};

use colleagues::Colleagues;
use events::NewsDesk;
use store::Orders;

use crate::http::{self, health};
use crate::{ServiceSetup, SetupError};

pub use first_orders::first_foreign_to;

/// The name this service goes by in the tokens' `aud`.
pub const AUDIENCE: &str = "orders";

/// What every handler can reach.
#[derive(Clone)]
struct Service {
    orders: Orders,
    colleagues: Colleagues,
    news: NewsDesk,
    verifier: Verifier,
}

/// Returns the service's routes. Needs a running async runtime: keys are fetched in the background.
///
/// `credentials` are what the service proves to the auth service who it is by, when it asks the profiles service for somebody.
pub fn router(
    setup: &ServiceSetup,
    profiles: &str,
    credentials: ClientCredentials,
) -> Result<Router, SetupError> {
    let verifier = setup.verifier(AUDIENCE)?;
    let tokens = TokenSource::builder(&setup.issuer, credentials).build()?;
    let service = Service {
        orders: Orders::open(&setup.data.join("orders.db"), &setup.subjects)?,
        colleagues: Colleagues::new(profiles, tokens, &setup.cookie_name)?,
        news: NewsDesk::default(),
        verifier: verifier.clone(),
    };
    let orders = get(routes::list).access(access::in_org());
    let order = get(routes::show).access(access::in_org());
    let table = Routes::new(verifier.clone())
        .route("/orders", orders.and(post(routes::add).access(access::in_org().role("buyer"))))
        .route("/orders/events", get(events::events).access(access::in_org()))
        .route("/orders/{id}", order.and(delete(routes::remove).access(access::in_org().role("admin"))))
        .route("/orders/{id}/attachment", get(routes::attachment).access(access::in_org()))
        // Declares nothing, on purpose: it answers 403 to everybody, and says so at start-up.
        .route("/orders/statistics", get(routes::statistics))
        .route(
            "/openapi.json",
            http::description(include_str!("openapi.json"), &setup.cookie_name).access(access::public()),
        )
        .route("/health/live", health::live().access(access::public()))
        .route("/health/ready", health::ready(verifier).access(access::public()));
    Ok(http::complete(table.into_router().with_state(service), &setup.front_door))
}
