use std::convert::Infallible;

use axum::Router;
use axum::routing::MethodRouter;

use crate::access::Access;
use crate::layer::{self, VerifyLayer};
use crate::{AuthError, Verifier};

/// A table of routes, each of which says who may use it. One that does not answers 403 `not_declared` to everybody.
#[derive(Debug)]
pub struct Routes<S = ()> {
    verifier: Verifier,
    router: Router<S>,
    declared: Vec<(String, Access)>,
    undeclared: Vec<String>,
}

/// Methods of one path, each with its access rule or without.
#[derive(Debug, Clone)]
pub struct Guarded<S = ()> {
    methods: Vec<(MethodRouter<S>, Option<Access>)>,
}

/// Says who may use some methods: `get(list).access(access::signed_in())`.
pub trait Declare<S> {
    /// Declares who may use these methods.
    fn access(self, access: Access) -> Guarded<S>;
}

impl<S> Declare<S> for MethodRouter<S> {
    fn access(self, access: Access) -> Guarded<S> {
        Guarded { methods: vec![(self, Some(access))] }
    }
}

/// Methods that declare nothing.
impl<S> From<MethodRouter<S>> for Guarded<S> {
    fn from(methods: MethodRouter<S>) -> Self {
        Self { methods: vec![(methods, None)] }
    }
}

impl<S> Guarded<S> {
    /// Adds methods with a rule of their own: `get(list).access(…).and(post(create).access(…))`.
    #[must_use]
    pub fn and(mut self, other: impl Into<Guarded<S>>) -> Self {
        self.methods.extend(other.into().methods);
        self
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// Starts an empty table whose routes this verifier protects.
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier, router: Router::new(), declared: Vec::new(), undeclared: Vec::new() }
    }

    /// Adds a route.
    ///
    /// # Panics
    ///
    /// As [`Router::route`] does: when the path is malformed, or a method is there twice.
    #[must_use]
    pub fn route(mut self, path: &str, methods: impl Into<Guarded<S>>) -> Self {
        let mut all = MethodRouter::new();
        for (methods, access) in methods.into().methods {
            // `layer`, not `route_layer`: the latter leaves out `any(…)` and `fallback(…)`, which answer requests too.
            all = all.merge(if let Some(access) = access {
                let layer = VerifyLayer::guarding(self.verifier.clone(), access.clone());
                self.declared.push((path.to_owned(), access));
                methods.layer(layer)
            } else {
                self.undeclared.push(path.to_owned());
                methods.layer(closed(path))
            });
        }
        self.router = self.router.route(path, all);
        self
    }

    /// Adds all routes of another table.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.declared.extend(other.declared);
        self.undeclared.extend(other.undeclared);
        self
    }

    /// Returns the name of the cookie in which these routes look for a token.
    pub fn cookie_name(&self) -> &str {
        self.verifier.cookie_name()
    }

    /// Returns the routes that say who may use them, in the order they were added; a path stands once per rule.
    pub fn declared(&self) -> impl Iterator<Item = (&str, &Access)> {
        self.declared.iter().map(|(path, access)| (path.as_str(), access))
    }

    /// Returns the paths of the routes that do not, and so are closed. A test that asserts this is empty is a good test.
    pub fn undeclared(&self) -> &[String] {
        &self.undeclared
    }

    /// Returns the routes for axum, and warns of each that is closed because it declares nothing.
    pub fn into_router(self) -> Router<S> {
        for path in &self.undeclared {
            tracing::warn!(
                path,
                "the route does not say who may use it and answers 403 to everybody: add .access(…)"
            );
        }
        self.router
    }
}

/// Answers 403 `not_declared` in the handler's place.
fn closed(path: &str) -> ClosedLayer {
    ClosedLayer { route: path.into() }
}

#[derive(Clone)]
struct ClosedLayer {
    route: std::sync::Arc<str>,
}

#[derive(Clone)]
struct Closed {
    route: std::sync::Arc<str>,
}

impl<S> tower_layer::Layer<S> for ClosedLayer {
    type Service = Closed;

    fn layer(&self, _handler: S) -> Closed {
        Closed { route: self.route.clone() }
    }
}

impl tower_service::Service<axum::extract::Request> for Closed {
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: axum::extract::Request) -> Self::Future {
        let error = AuthError::NotDeclared { route: self.route.as_ref().into() };
        layer::log(&error, request.method().as_str(), request.uri().path());
        std::future::ready(Ok(error.response()))
    }
}
