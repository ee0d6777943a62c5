//! The profiles service: who the people of an organisation are.
//!
//! It keeps who belongs to which organisation. What is told of them it reads from the auth service, whose feed says when that changes.

mod people;
mod store;

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use handstamp_verify::OrgScope;
use handstamp_verify::access;
use handstamp_verify::axum::{Declare, Routes};
use handstamp_verify::profiles::ProfileSource;
use handstamp_verify::token_source::{ClientCredentials, TokenSource};
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
    let tokens = TokenSource::builder(&setup.issuer, credentials).build()?;
    let people = People {
        members: Members::open(&setup.data.join("profiles.db"), &setup.subjects)?,
        source: ProfileSource::builder(&setup.issuer, tokens, verifier.revocations()).build()?,
    };
    let routes = Routes::new(verifier.clone())
        .route("/profiles", get(list).access(access::in_org()))
        .route("/profiles/{sub}", get(show).access(access::in_org()))
        .route(
            "/openapi.json",
            http::description(include_str!("openapi.json"), &setup.cookie_name).access(access::public()),
        )
        .route("/health/live", health::live().access(access::public()))
        .route("/health/ready", health::ready(verifier).access(access::public()));
    Ok(http::complete(routes.into_router().with_state(people), &setup.front_door))
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
