//! The same-domain front of an app.
//!
//! A browser keeps cookies best for the host that its page is from. So the gateway stands on the app's own host: what is
//! below `/auth/` goes to the auth service, and its cookies become this host's; everything else goes to the app's services, with the
//! cookie turned into a bearer token that they verify for themselves. An expired token is refreshed on the way, once for all requests
//! of a session. Streams and WebSockets end with the session.
//!
//! It refuses to guess: a path that no route takes is nobody's, a route that does not say who may use it keeps the gateway from
//! starting, and a path that two programs could read differently is not passed on. No service sees a cookie of the auth service, and
//! nothing that a client says about itself reaches one.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use handstamp_gateway::{Gateway, Parts, config::Config};
//! # use handstamp_listen::Listener;
//! # use handstamp_settings::Source;
//! # use handstamp_token::SystemEntropy;
//! # use handstamp_verify::SystemClock;
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let text = r#"
//!     [gateway]
//!     public_url = "https://app.example.org"
//!     auth = "https://auth.example.org"
//!
//!     [[gateway.routes]]
//!     path = "/api/orders/*"
//!     to = ["http://10.0.0.1:9000", "http://10.0.0.2:9000"]
//!     access = "signed_in"
//! "#;
//! let config = Config::load(&Source { file: Some(("handstamp.toml", text)), ..Source::default() })?;
//! let public = tokio::net::TcpListener::bind(config.gateway.listen).await?;
//! let admin = tokio::net::TcpListener::bind(config.gateway.admin_listen).await?;
//! let public_url = config.gateway.public_url(public.local_addr()?)?;
//! let limits = config.gateway.limits();
//! let gateway = Gateway::new(Parts {
//!     config,
//!     public_url,
//!     client_secret: None,
//!     decryption_keys: Vec::new(),
//!     clock: Arc::new(SystemClock),
//!     entropy: Arc::new(SystemEntropy),
//! })?;
//! let listeners = vec![Listener::plain_with_http2(public)];
//! handstamp_gateway::serve(listeners, admin, limits, gateway, async { /* until Ctrl-C */ }).await?;
//! # Ok(())
//! # }
//! ```

mod admin;
mod admit;
mod body;
pub mod config;
mod cookies;
mod forward;
mod gateway;
mod handle;
mod headers;
mod metrics;
mod path;
mod refresh;
mod refusal;
mod request;
mod routes;
mod serve;
mod session_end;
mod stop;
mod target;
mod web_socket;

pub use gateway::{Gateway, Parts, StartError};
pub use serve::serve;
