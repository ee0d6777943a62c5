//! The service over HTTP: one file of stories for each route, at the same path, and for what stands around them.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod config;
mod encrypted_tokens;
mod key_rotation;
mod layers;
mod routes;
mod serve;
mod shared;
mod shared_secret;
mod support;
mod upstreams;
