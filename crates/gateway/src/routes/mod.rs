//! Which request goes where, and who may send it.

mod build;
mod pattern;
mod rule;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use build::{Drafted, draft, target};
pub(crate) use pattern::Pattern;
pub(crate) use rule::Rule;

use crate::metrics::RouteFigures;
use crate::path::{CanonicalPath, PathRefusal};
use crate::target::Targets;

/// The closest route of those that take a path, found without a guess.
#[derive(Debug)]
pub(crate) struct Routes {
    /// The closest first.
    routes: Vec<Arc<Route>>,
}

/// What is done with the requests of some paths.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) pattern: Pattern,
    /// The pattern as text: for logs and figures, which must not hold what people call their things.
    pub(crate) label: String,
    pub(crate) figures: RouteFigures,
    pub(crate) to: Destination,
}

/// Who answers.
#[derive(Debug)]
pub(crate) enum Destination {
    /// The auth service, which knows the cookies and judges for itself.
    Auth,
    /// The gateway: forward-auth.
    Check,
    /// The gateway: forward-auth as Envoy asks.
    CheckForEnvoy,
    /// A service behind.
    Service(Box<Service>),
}

/// A service, and what it takes to be let through to it.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) rule: Rule,
    pub(crate) targets: Targets,
    pub(crate) strip_prefix: Option<String>,
    pub(crate) identity_headers: bool,
    pub(crate) limits: ServiceLimits,
}

/// How long a service may take, and how much it is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServiceLimits {
    pub(crate) timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_body: u64,
    pub(crate) retries: u32,
}

/// A route that takes a request, and the organisation that the path names.
#[derive(Debug)]
pub(crate) struct Taken<'p> {
    pub(crate) route: Arc<Route>,
    pub(crate) org: Option<&'p str>,
}

/// Nobody answers a path. Nothing is let through by accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRoute {
    #[error("No route takes this path.")]
    Unknown,
    #[error("To a lenient service this path could be one of another route: write it as it is meant.")]
    Ambiguous,
    #[error(transparent)]
    Refused(#[from] PathRefusal),
}

impl Routes {
    pub(crate) fn new(mut routes: Vec<Arc<Route>>) -> Self {
        routes.sort_by(|one, other| one.pattern.closest_first(&other.pattern));
        Self { routes }
    }

    /// Finds who answers. A path that the most lenient service could take for one of another route is nobody's.
    pub(crate) fn find<'p>(&self, path: &'p CanonicalPath<'_>) -> Result<Taken<'p>, NoRoute> {
        let mut found =
            self.routes.iter().filter_map(|route| Some((route, route.pattern.find(path.as_str())?)));
        let (route, found) = found.next().ok_or(NoRoute::Unknown)?;
        // Also where the path reads one way only: a route's own name may be in upper case, and a lenient service finds it by this one.
        let loose = path.loose()?;
        let loose = loose.as_deref().unwrap_or(path.as_str());
        let loosely = self.routes.iter().find(|other| other.pattern.find_loosely(loose).is_some());
        if loosely.is_none_or(|other| !Arc::ptr_eq(other, route)) {
            return Err(NoRoute::Ambiguous);
        }
        Ok(Taken { route: Arc::clone(route), org: found.org })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.routes.iter()
    }
}
