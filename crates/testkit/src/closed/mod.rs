//! Walks every route of an axum app with every bad token.
//!
//! ```
//! use axum::routing::{delete, get};
//! use handstamp_testkit::TestIssuer;
//! use handstamp_verify::axum::{Declare, Routes};
//! use handstamp_verify::{Principal, Verifier, access};
//!
//! fn routes(verifier: Verifier) -> Routes {
//!     Routes::new(verifier)
//!         .route("/health", get(async || "fine").access(access::public()))
//!         .route("/me", get(async |caller: Principal| caller.sub().to_owned()).access(access::signed_in()))
//!         .route("/orders/{id}", delete(async || "gone").access(access::role("admin")))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let issuer = TestIssuer::start();
//! issuer.attack(routes(issuer.verifier())).public("/health").assert_closed().await;
//! # }
//! ```

mod operations;
mod report;
mod send;

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use handstamp_verify::DEFAULT_COOKIE_NAME;
use handstamp_verify::axum::Routes;
use serde_json::Value;

use crate::TestIssuer;
use crate::recipe::{Mode, Severity};
use operations::Path;
pub use report::{Answer, Finding, Operation, Problem, Report};

/// An attack on an app of this process. A good token goes first, and once more at the end: where that is refused, nothing that is
/// refused beside it shows anything.
#[derive(Debug)]
#[must_use = "an attack is begun by `assert_closed` or `run`"]
pub struct Attack {
    issuer: TestIssuer,
    app: Router,
    paths: Vec<Path>,
    public: BTreeSet<String>,
    good: Option<String>,
    good_for: BTreeMap<String, String>,
    values: BTreeMap<String, String>,
    bodies: BTreeMap<(String, String), Value>,
    asking: BTreeSet<String>,
    modes: Vec<Mode>,
    cookie: String,
    at_least: Severity,
}

impl TestIssuer {
    /// Prepares an attack on all routes of a table that says who may use them.
    ///
    /// The app must trust this issuer: build it with [`verifier`](Self::verifier). Every route has to be closed but those named with
    /// [`public`](Attack::public).
    pub fn attack(&self, routes: Routes) -> Attack {
        self.attack_with_state(routes, ())
    }

    /// Does the same for routes whose handlers take state.
    pub fn attack_with_state<S>(&self, routes: Routes<S>, state: S) -> Attack
    where
        S: Clone + Send + Sync + 'static,
    {
        let paths = operations::of_routes(&routes);
        let cookie = routes.cookie_name().to_owned();
        let app = routes.into_router().with_state(state);
        Attack::new(self.clone(), app, paths, Severity::Note).cookie_name(cookie)
    }

    /// Prepares an attack on these operations of any axum app, each written as `GET /orders/{id}`. Axum does not say which routes
    /// an app has, so what is not named here is not attacked; nor does it say which of them ask for a role: that is for
    /// [`asks_for_rights`](Attack::asks_for_rights). Matters of strictness, in which careful libraries differ, are left out unless
    /// [`at_least`](Attack::at_least) asks for them.
    ///
    /// # Panics
    ///
    /// Where an operation is not a method, a space and a path.
    pub fn attack_router<'o>(&self, app: Router, operations: impl IntoIterator<Item = &'o str>) -> Attack {
        let paths = operations.into_iter().map(operations::named).collect();
        Attack::new(self.clone(), app, paths, Severity::Low)
    }
}

impl Attack {
    fn new(issuer: TestIssuer, app: Router, paths: Vec<Path>, at_least: Severity) -> Self {
        Self {
            issuer,
            app,
            paths,
            public: BTreeSet::new(),
            good: None,
            good_for: BTreeMap::new(),
            values: BTreeMap::new(),
            bodies: BTreeMap::new(),
            asking: BTreeSet::new(),
            modes: vec![Mode::Bearer, Mode::Cookie],
            cookie: DEFAULT_COOKIE_NAME.to_owned(),
            at_least,
        }
    }

    /// Names a path that is open on purpose, or one operation of it: `/health`, `GET /orders` (and `HEAD` with it). It is not
    /// attacked, but for one that verifies tokens where there are any (`access::optional()`): that has to refuse bad ones all the
    /// same.
    pub fn public(mut self, path: impl Into<String>) -> Self {
        self.public.insert(operations::spelled(path.into()));
        self
    }

    /// Sets the good token that bad ones are made of: one that every route lets in. Default: a user with the roles that the routes
    /// ask for, in the organisation `acme`.
    pub fn good(mut self, token: impl Into<String>) -> Self {
        self.good = Some(token.into());
        self
    }

    /// Sets the good token for one path, such as one for machine clients.
    pub fn good_for(mut self, path: impl Into<String>, token: impl Into<String>) -> Self {
        self.good_for.insert(path.into(), token.into());
        self
    }

    /// Sets what a parameter of paths is filled with: `{id}`. Default: `1`.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// Sets the JSON body of an operation, for a handler that looks at it first.
    pub fn body(mut self, method: impl Into<String>, path: impl Into<String>, body: Value) -> Self {
        self.bodies.insert((method.into().to_uppercase(), path.into()), body);
        self
    }

    /// Says that a path, or one operation of it, asks for a role or a scope: a good token without any has to be answered 403.
    /// Routes that declare what they ask for need no word.
    pub fn asks_for_rights(mut self, path: impl Into<String>) -> Self {
        self.asking.insert(operations::spelled(path.into()));
        self
    }

    /// Sets where the app takes tokens. Default: as bearer and in the cookie.
    pub fn modes(mut self, modes: impl IntoIterator<Item = Mode>) -> Self {
        self.modes = modes.into_iter().collect();
        self
    }

    /// Sets the name of the app's cookie. Default: the one in which its routes look, or that of the verify layer.
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.cookie = name.into();
        self
    }

    /// Sends only cases of this severity and above. Routes behind the verify layer are sent all of them.
    pub fn at_least(mut self, severity: Severity) -> Self {
        self.at_least = severity;
        self
    }

    /// Fails the test if anything is open that should be closed, and says what and how to close it.
    ///
    /// # Panics
    ///
    /// Then.
    pub async fn assert_closed(self) {
        let report = self.run().await;
        assert!(report.is_closed(), "{report}");
    }
}
