//! What the fuzzer feeds, one function a parser. Each demands more than the absence of a panic: what is accepted must mean
//! the same to another reader and survive being written again.
//!
//! `cargo install cargo-fuzz`, then here: `cargo +nightly fuzz run token`, or another of the `fuzz_targets`. A smoke test in
//! the tests of each crate runs the same functions on a stable compiler.

mod token;
mod verify;

pub use token::{claims, der, jwe, jwks, token};
pub use verify::{cookies, revocation_feed, revocation_log, status_list};
