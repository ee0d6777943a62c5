//! `handstamp demo`, through HTTP and by a browser's rules.

mod closed;
mod control;
mod isolation;
mod life;
mod live;
mod on_behalf;
mod profiles;
mod revocation;
mod session;
mod upload;
