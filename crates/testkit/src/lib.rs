//! Real tokens for the tests of a service, good and bad.
//!
//! [`TestIssuer`] is an issuer in the test's own process: real keys, real tokens, real revocations, and a clock the test moves.
//! [`recipe`] is the set of tokens that no service may take, as data that other languages read too.
//!
//! It refuses to be of use outside tests: an issuer that signs whatever it is asked for must never be trusted by anything that
//! matters.

#[cfg(feature = "http")]
pub mod closed;
#[cfg(feature = "http")]
pub mod http;
mod issuer;
pub mod recipe;

pub use issuer::{InvalidToken, TestClock, TestIssuer, TestIssuerBuilder, TestToken};
