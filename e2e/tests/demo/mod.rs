//! `handstamp demo`, through HTTP and by a browser's rules.

mod closed;
mod isolation;
mod life;
mod revocation;
mod session;
