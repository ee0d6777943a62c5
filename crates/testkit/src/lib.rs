//! Real tokens for the tests of a service, good and bad.
//!
//! [`recipe`] is the set of tokens that no service may take, as data that other languages read too, and what makes them.

pub mod recipe;
