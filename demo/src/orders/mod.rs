//! The orders service: what an organisation has ordered.

mod colleagues;
mod model;
mod routes;
mod store;

use axum::Router;
use axum::routing::{delete, get, post};
use handstamp_verify::access;
use handstamp_verify::axum::{Declare, Routes};

use colleagues::Colleagues;
use store::Orders;

use crate::http::{self, health};
use crate::{ServiceSetup, SetupError};

pub use store::first_foreign_to;

/// The name this service goes by in the tokens' `aud`.
pub const AUDIENCE: &str = "orders";

/// What every handler can reach.
#[derive(Clone)]
struct Service {
    orders: Orders,
    colleagues: Colleagues,
}

/// Returns the service's routes. Needs a running async runtime: keys are fetched in the background.
pub fn router(setup: &ServiceSetup, profiles: &str) -> Result<Router, SetupError> {
    let service = Service {
        orders: Orders::open(&setup.data.join("orders.db"), &setup.subjects)?,
        colleagues: Colleagues::new(profiles, &setup.cookie_name)?,
    };
    let orders = get(routes::list).access(access::in_org());
    let order = get(routes::show).access(access::in_org());
    let verifier = setup.verifier(AUDIENCE)?;
    let table = Routes::new(verifier.clone())
        .route("/orders", orders.and(post(routes::add).access(access::in_org().role("buyer"))))
        .route("/orders/{id}", order.and(delete(routes::remove).access(access::in_org().role("admin"))))
        // Declares nothing, on purpose: it answers 403 to everybody, and says so at start-up.
        .route("/orders/statistics", get(routes::statistics))
        .route("/health/live", health::live().access(access::public()))
        .route("/health/ready", health::ready(verifier).access(access::public()));
    Ok(http::complete(table.into_router().with_state(service), &setup.front_door))
}
