//! Where verifying keys come from: this process, or an issuer elsewhere.

#[cfg(feature = "remote")]
mod issuer;
#[cfg(feature = "remote")]
pub(crate) mod remote;
mod shared;

#[cfg(feature = "remote")]
pub use issuer::{IssuerKeys, IssuerKeysError, IssuerKeysOptions};
pub use shared::SharedKeys;
