//! Sends every case to every operation, and judges what comes back.

mod aftermath;
mod attack;
mod attempt;
mod endings;
mod endurance;
mod judge;
mod lures;
mod objects;
mod prepare;
mod progress;
mod proof;
mod run;
mod shelf;
mod shown;
mod site;
mod tidy;
mod traces;

use std::sync::Arc;

use handstamp_verify::Clock;

pub(crate) use attempt::{Expected, Plan};
pub use progress::{Progress, Quiet};
pub(crate) use site::Site;

use crate::openapi::Document;
use crate::options::Options;
use crate::report::Report;
use crate::source::{SourceError, TokenSource};
use crate::wire::{Target, WireError};

/// An attack on one service, ready to be run.
pub struct Audit {
    target: Target,
    document: Document,
    source: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
    options: Options,
}

/// Why nothing could be attacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// No HTTP client could be made.
    #[error("no connection can be made")]
    Wire(#[from] WireError),
    /// There is no good token, so nothing can be measured.
    #[error("there is no good token")]
    Source(#[from] SourceError),
    /// The token that was given as good is no JWT.
    #[error("the good token cannot be taken apart")]
    NotAJwt(#[source] handstamp_token::Rejection),
    /// The description has none of the operations that were asked for.
    #[error("the description has none of the operations asked for")]
    NoOperation,
    /// Nobody listens at the target.
    #[error("nobody listens at {target}")]
    Nobody {
        /// The target.
        target: String,
    },
}

impl Audit {
    /// Prepares an attack with tokens of this source. `clock` is what forged times are measured by: the issuer's.
    pub fn new(
        target: Target,
        document: Document,
        source: Arc<dyn TokenSource>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { target, document, source, clock, options: Options::default() }
    }

    /// Sets what else there is to say.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Runs it.
    pub async fn run(&self, progress: &dyn Progress) -> Result<Report, AuditError> {
        run::run(self, progress).await
    }
}
