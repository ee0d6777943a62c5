//! What both services share of HTTP: the form of errors, the reading of bodies, and who may call from a browser.

pub(crate) mod body;
mod description;
mod failure;
mod front_door;
pub(crate) mod health;
mod idempotency_key;
mod json;
mod on_behalf;
mod service;

pub(crate) use body::JsonBody;
pub(crate) use description::description;
pub(crate) use failure::ServiceError;
pub use front_door::FrontDoor;
pub(crate) use idempotency_key::IdempotencyKey;
pub(crate) use on_behalf::UsersToken;
pub(crate) use service::complete;
