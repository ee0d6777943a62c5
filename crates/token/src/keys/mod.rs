//! Keys: one key, one algorithm, prepared once.

mod der;
mod edwards;
mod error;
mod import;
mod jwk;
mod key_id;
mod key_set;
mod known;
mod pem;
mod private;
mod public;
mod secret;
mod signing;
mod thumbprint;
mod verifying;

pub use error::KeyError;
pub use jwk::{Jwk, Jwks};
pub use key_id::KeyId;
pub use key_set::{KeySet, SkippedKey};
pub use secret::known_weak_secret;
pub use signing::SigningKey;
pub use verifying::VerifyingKey;

#[cfg(feature = "jwe")]
pub(crate) use {jwk::RawJwk, private::PrivateKey, public::PublicParts};
