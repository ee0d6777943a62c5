//! What goes over the network, and to whom: one host, no redirects, no proxy, bounded in time, size and pace.

mod canary;
mod client;
mod pace;
mod reply;
mod resolve;
mod shot;
mod target;

pub(crate) use canary::{Canary, Visit};
pub(crate) use client::Wire;
pub use client::WireError;
pub(crate) use reply::{Answer, Reply};
pub(crate) use resolve::Resolver;
pub(crate) use shot::Shot;
pub use target::{Target, TargetError};
