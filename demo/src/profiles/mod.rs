//! The profiles service: who the people of an organisation are.
//!
//! It keeps who belongs to which organisation. What is told of them it reads from the auth service, whose feed says when that changes.

mod people;
mod store;

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use handstamp_verify::access;
use handstamp_verify::axum::{Declare, Routes};
use handstamp_verify::profiles::ProfileSource;
use handstamp_verify::token_source::{ClientCredentials, TokenSource};
use handstamp_verify::{OrgScope, Verifier};
use serde::{Deserialize, Serialize};

use people::People;
pub(crate) use people::Profile;
use store::Members;

use crate::http::{self, ServiceError, health};
use crate::{ServiceSetup, SetupError};

/// The name this service goes by in the tokens' `aud`.
pub const AUDIENCE: &str = "profiles";

/// `GET /profiles`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProfileList {
    pub(crate) profiles: Vec<Profile>,
}

/// Returns the service's routes. Needs a running async runtime: keys are fetched in the background.
///
/// `credentials` are what the service proves to the auth service who it is by, when it reads what is told of somebody.
pub fn router(setup: &ServiceSetup, credentials: ClientCredentials) -> Result<Router, SetupError> {
    let verifier = setup.verifier(AUDIENCE)?;
    let people = people(setup, &verifier, credentials)?;
    let routes = table(verifier, &setup.cookie_name).into_router().with_state(people);
    Ok(http::complete(routes, &setup.front_door))
}

fn people(
    setup: &ServiceSetup,
    verifier: &Verifier,
    credentials: ClientCredentials,
) -> Result<People, SetupError> {
    let tokens = TokenSource::builder(&setup.issuer, credentials).build()?;
    Ok(People {
        members: Members::open(&setup.data.join("profiles.db"), &setup.subjects)?,
        source: ProfileSource::builder(&setup.issuer, tokens, verifier.revocations()).build()?,
    })
}

/// Every route, and who may use it.
fn table(verifier: Verifier, cookie_name: &str) -> Routes<People> {
    Routes::new(verifier.clone())
        .route("/profiles", get(list).access(access::in_org()))
        .route("/profiles/{sub}", get(show).access(access::in_org()))
        .route(
            "/openapi.json",
            http::description(include_str!("openapi.json"), cookie_name).access(access::public()),
        )
        .route("/health/live", health::live().access(access::public()))
        .route("/health/ready", health::ready(verifier).access(access::public()))
}

async fn list(State(people): State<People>, scope: OrgScope) -> Result<Json<ProfileList>, ServiceError> {
    Ok(Json(ProfileList { profiles: people.list(&scope).await? }))
}

async fn show(
    State(people): State<People>,
    scope: OrgScope,
    Path(sub): Path<String>,
) -> Result<Json<Profile>, ServiceError> {
    let found = people.find(&scope, &sub).await?;
    found.map(Json).ok_or(ServiceError::NotFound { what: "profile", id: sub })
}

#[cfg(test)]
mod tests {
    use super::{AUDIENCE, people, table};
    use crate::testing::{House, credentials};

    #[tokio::test]
    async fn every_route_is_closed_but_those_that_say_otherwise() {
        let house = House::start(AUDIENCE).await;
        let verifier = house.verifier(AUDIENCE).await;
        let people = people(&house.setup, &verifier, credentials()).unwrap();
        let routes = table(verifier, &house.setup.cookie_name);

        let attack = house.issuer.attack_with_state(routes, people);
        attack.public("/openapi.json").public("/health/live").public("/health/ready").assert_closed().await;
    }
}
