//! Handstamp's auth service: HTTP in, flows of `handstamp-core` in the middle, HTTP out.
//!
//! It refuses to hold a rule of its own, to name a database, and to read the clock, the environment or a file: the command
//! line brings all of that in [`Parts`].
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use handstamp_server::{AppState, Clock, Parts, Shared, config::Config};
//! # async fn start(context: Arc<handstamp_core::Context>, clock: Arc<dyn Clock>, root_key: handstamp_core::root_key::RootKey)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::load(Some(("handstamp.toml", "[tokens]\nlifetime = \"5m\"")), &[])?;
//! let listener = tokio::net::TcpListener::bind(config.server.listen).await?;
//! let public_url = config.public_url(listener.local_addr()?)?;
//! // … open the store, load the keys and build the `Context` with `config.settings(&public_url)` …
//! let app = AppState::new(Parts { context, config, public_url, clock, root_key, shared: Shared::default() })?;
//! handstamp_server::serve(listener, app, async { /* until Ctrl-C */ }).await?;
//! # Ok(())
//! # }
//! ```

mod access;
mod assets;
mod clock;
pub mod config;
mod cookies;
mod device;
mod ext_authz;
mod extract;
mod layers;
mod metrics;
mod openapi;
mod pages;
mod problem;
mod rate_limit;
mod reply;
mod revocation;
mod right_time;
mod routes;
mod serve;
mod shared;
mod sites;
mod state;
mod status_list;
mod tasks;
mod upstreams;

pub use assets::{Logo, LogoError};
pub use clock::Clock;
pub use cookies::CookieNames;
pub use ext_authz::serve_ext_authz;
pub use handstamp_listen::Peer;
pub use serve::{Sockets, serve};
pub use shared::Shared;
pub use state::{AppState, Parts, StartError};
pub use upstreams::{ClientCredential, ClientSecret};

/// Returns the whole service as a router, without the tasks beside it: for tests, and for mounting it elsewhere.
///
/// Each request needs a [`Peer`] in its extensions, or it counts as coming from nowhere.
pub fn router(app: &AppState) -> axum::Router {
    routes::router(app)
}
