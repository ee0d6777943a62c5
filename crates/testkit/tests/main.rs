//! Tests of the test kit.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod closed;
mod http;
mod issuer;
mod recipe;
