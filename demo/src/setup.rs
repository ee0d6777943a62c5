use std::path::PathBuf;
use std::time::Duration;

use handstamp_token::Algorithm;
use handstamp_verify::csrf::{AllowedOrigins, OriginError};
use handstamp_verify::revocation::{Feed, FeedAccess, SilencePolicy};
use handstamp_verify::token_source::SourceBuildError;
use handstamp_verify::{BuildError, Verifier};

use crate::{FrontDoor, Subjects};

/// What a service of the demo is told: the same few lines anybody would configure for theirs.
#[derive(Debug, Clone)]
pub struct ServiceSetup {
    /// The auth service's URL: everything else about it is discovered.
    pub issuer: String,
    /// The name of the access token's cookie.
    pub cookie_name: String,
    /// The page that calls from a browser.
    pub front_door: FrontDoor,
    /// The folder for the service's own data.
    pub data: PathBuf,
    /// Who the people of the first data are.
    pub subjects: Subjects,
}

/// A service could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The verifier was told something that cannot be.
    #[error("the verifier cannot be built")]
    Verifier(#[from] BuildError),
    /// The source of tokens for the other service, or of profiles, cannot be built.
    #[error("the auth service cannot be asked for tokens and profiles")]
    Source(#[from] SourceBuildError),
    /// The page's origin is none.
    #[error("the page's origin cannot be used")]
    Origin(#[from] OriginError),
    /// The service's own data cannot be opened.
    #[error("the service's data cannot be opened")]
    Data(#[from] rusqlite::Error),
    /// The client for the other service cannot be built.
    #[error("the client for the other service cannot be built")]
    Client(#[from] reqwest::Error),
}

impl ServiceSetup {
    /// Returns the verifier that all of a service's routes go by: issuer, audience and algorithms have to be named.
    pub fn verifier(&self, audience: &str) -> Result<Verifier, SetupError> {
        let verifier = Verifier::builder(&self.issuer)
            .audience(audience)
            .algorithms(&[Algorithm::Es256])
            // While there is no news, tokens older than that silence are refused: a sign-out is never forgotten.
            .follow_revocations(Feed::builder(&self.issuer, FeedAccess::Open), SilencePolicy::young_only())
            // One machine, one clock: an expired token is expired.
            .leeway(Duration::ZERO)
            .cookie_name(&self.cookie_name)
            .allowed_origins(AllowedOrigins::new([self.front_door.origin()])?)
            .build_remote()?;
        Ok(verifier)
    }
}
