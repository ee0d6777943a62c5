//! What this replica shares with others and can do without.
//!
//! All of it goes through a [`Breaker`]: a server that does not answer costs a few requests some milliseconds, and the rest nothing.

mod breaker;
mod profiles;

use std::{fmt, sync::Arc, time::Duration};

use handstamp_core::shared::{FanOut, Limits, Shelf};

pub(crate) use breaker::Breaker;
pub(crate) use profiles::{ProfileRead, ProfileShelf, ProfileShelfParts};

/// What replicas share: nothing, where there is only one.
#[derive(Clone)]
pub struct Shared {
    /// Counts attempts for all of them.
    pub limits: Option<Arc<dyn Limits>>,
    /// Carries news between them.
    pub fan_out: Option<Arc<dyn FanOut>>,
    /// Keeps profiles for all of them.
    pub shelf: Option<Arc<dyn Shelf>>,
    /// How long a request may wait for any of these.
    pub timeout: Duration,
}

impl Default for Shared {
    fn default() -> Self {
        Self { limits: None, fan_out: None, shelf: None, timeout: Duration::from_millis(50) }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("limits", &self.limits.is_some())
            .field("fan_out", &self.fan_out.is_some())
            .field("shelf", &self.shelf.is_some())
            .field("timeout", &self.timeout)
            .finish()
    }
}
