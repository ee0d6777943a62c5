//! The crate from outside: what services see.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod axum;
mod cache;
mod callers;
#[cfg(feature = "jwe")]
mod encrypted;
#[cfg(feature = "forward-auth")]
mod forward_auth;
mod fuzz_smoke;
mod issuer_keys;
mod layer;
mod profile_source;
mod remote;
mod revocation;
mod revoked;
mod status_lists;
mod support;
mod token_source;
mod verifier;
