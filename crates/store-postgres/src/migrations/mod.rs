//! The schema, step by step. A step that was released is never edited: the next one changes what it made.
//!
//! A step that *expands* adds what a new version needs and leaves the version before it working; every start takes those that are
//! missing. A step that *contracts* takes away what only older versions need; it is taken when somebody says that none of them runs
//! any more. What an expanding step needs must be there without any contracting one.

mod run;
mod steps;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::direct::Direct;
use crate::open_error::OpenError;
use crate::options::PostgresOptions;
use steps::STEPS;
pub use steps::StepKind;

/// A step, and whether the database has seen it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepStatus {
    /// Its number.
    pub number: u32,
    /// What it does, in a word or two.
    pub name: String,
    /// Whether older versions live on with it.
    pub kind: StepKind,
    /// When it was taken; `None`: it was not.
    pub applied_at: Option<Timestamp>,
    /// Whether this version knows it. One that it does not know was taken by a newer one.
    pub is_known: bool,
}

/// Returns every step that this version knows or that was taken, in order. Changes nothing.
pub async fn status(options: &PostgresOptions) -> Result<Vec<StepStatus>, OpenError> {
    let direct = Direct::open(options).await?;
    run::status(&direct.client, STEPS).await
}

/// Takes the steps that are missing: the expanding ones, or all of them. Returns those that were taken.
pub async fn apply(options: &PostgresOptions, kind: StepKind) -> Result<Vec<StepStatus>, OpenError> {
    let mut direct = Direct::open(options).await?;
    run::apply(&mut direct.client, STEPS, kind).await
}

/// Returns how many steps this version knows.
pub(crate) fn newest() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

/// Sees to it that this version can work with the database.
pub(crate) async fn prepare(direct: &mut Direct, migrate: bool) -> Result<(), OpenError> {
    if migrate {
        for step in run::apply(&mut direct.client, STEPS, StepKind::Expand).await? {
            tracing::info!(number = step.number, name = step.name, "brought the database up to date");
        }
        return Ok(());
    }
    run::check(&direct.client, STEPS).await
}
