//! The profiles service: who the people of an organisation are.

mod store;

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use handstamp_verify::OrgScope;
use handstamp_verify::access;
use handstamp_verify::axum::{Declare, Routes};
use serde::{Deserialize, Serialize};

pub(crate) use store::Profile;
use store::Profiles;

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
pub fn router(setup: &ServiceSetup) -> Result<Router, SetupError> {
    let profiles = Profiles::open(&setup.data.join("profiles.db"), &setup.subjects)?;
    let verifier = setup.verifier(AUDIENCE)?;
    let routes = Routes::new(verifier.clone())
        .route("/profiles", get(list).access(access::in_org()))
        .route("/profiles/{sub}", get(show).access(access::in_org()))
        .route("/health/live", health::live().access(access::public()))
        .route("/health/ready", health::ready(verifier).access(access::public()));
    Ok(http::complete(routes.into_router().with_state(profiles), &setup.front_door))
}

async fn list(State(profiles): State<Profiles>, scope: OrgScope) -> Result<Json<ProfileList>, ServiceError> {
    Ok(Json(ProfileList { profiles: profiles.list(&scope).await? }))
}

async fn show(
    State(profiles): State<Profiles>,
    scope: OrgScope,
    Path(sub): Path<String>,
) -> Result<Json<Profile>, ServiceError> {
    let found = profiles.find(&scope, sub.clone()).await?;
    found.map(Json).ok_or(ServiceError::NotFound { what: "profile", id: sub })
}
