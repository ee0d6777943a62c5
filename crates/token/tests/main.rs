//! What the token library promises: one file per part, mirroring `src/`, each rejection a test of its own.

mod builder;
mod claims;
mod dangerous;
#[cfg(all(feature = "jwe", feature = "ml-dsa"))]
mod fuzz_smoke;
mod header;
mod json;
#[cfg(feature = "jwe")]
mod jwe;
mod keys;
mod properties;
mod rejection;
mod sign;
mod signature;
mod size;
mod support;
mod unverified;
mod validator;
mod vectors;
#[cfg(feature = "jwe")]
mod vectors_jwe;
