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
    let service = service(setup, verifier.clone(), profiles, credentials)?;
    let routes = table(verifier, &setup.cookie_name).into_router().with_state(service);
    Ok(http::complete(routes, &setup.front_door))
}

fn service(
    setup: &ServiceSetup,
    verifier: Verifier,
    profiles: &str,
    credentials: ClientCredentials,
) -> Result<Service, SetupError> {
    let tokens = TokenSource::builder(&setup.issuer, credentials).build()?;
    Ok(Service {
        orders: Orders::open(&setup.data.join("orders.db"), &setup.subjects)?,
        colleagues: Colleagues::new(profiles, tokens, &setup.cookie_name)?,
        news: NewsDesk::default(),
        verifier,
    })
}

/// Every route, and who may use it.
fn table(verifier: Verifier, cookie_name: &str) -> Routes<Service> {
    let orders = get(routes::list).access(access::in_org());
    let order = get(routes::show).access(access::in_org());
    Routes::new(verifier.clone())
        .route("/orders", orders.and(post(routes::add).access(access::in_org().role("buyer"))))
        .route("/orders/events", get(events::events).access(access::in_org()))
        .route("/orders/{id}", order.and(delete(routes::remove).access(access::in_org().role("admin"))))
        .route("/orders/{id}/attachment", get(routes::attachment).access(access::in_org()))
        // Declares nothing, on purpose: it answers 403 to everybody, and says so at start-up.
        .route("/orders/statistics", get(routes::statistics))
        .route(
            "/openapi.json",
            http::description(include_str!("openapi.json"), cookie_name).access(access::public()),
        )
        .route("/health/live", health::live().access(access::public()))
        .route("/health/ready", health::ready(verifier).access(access::public()))
}

#[cfg(test)]
mod tests {
    use handstamp_testkit::closed::Problem;

    use super::{AUDIENCE, service, table};
    use crate::testing::{House, credentials};

    #[tokio::test]
    async fn every_route_is_closed_but_those_that_say_otherwise() {
        let house = House::start(AUDIENCE).await;
        let verifier = house.verifier(AUDIENCE).await;
        let service = service(&house.setup, verifier.clone(), "http://127.0.0.1:1", credentials()).unwrap();
        let routes = table(verifier, &house.setup.cookie_name);

        let attack = house.issuer.attack_with_state(routes, service);
        let report =
            attack.public("/openapi.json").public("/health/live").public("/health/ready").run().await;

        assert!(report.findings().is_empty(), "{report}");
        // The one that the page shows.
        assert_eq!(report.problems(), [Problem::Undeclared { path: "/orders/statistics".to_owned() }]);
    }
}
