use std::{error::Error, time::Duration};

/// What replicas share cannot be had just now. Nothing is lost but speed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedError {
    /// The server that holds it does not answer, or answers that it cannot.
    #[error("the server that holds what replicas share did not do it")]
    Away(#[source] Box<dyn Error + Send + Sync>),
    /// It has not answered in time.
    #[error("the server that holds what replicas share has not answered within {after:?}")]
    TimedOut {
        /// How long was waited.
        after: Duration,
    },
    /// It has answered with what none of us has put there.
    #[error("the server that holds what replicas share has answered with something else: {found}")]
    Unreadable {
        /// What it was.
        found: &'static str,
    },
}

impl SharedError {
    /// Returns the error for a server that could not be reached or refused.
    pub fn away(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Away(cause.into())
    }
}
