//! Where verifying keys come from: this process, or an issuer elsewhere.

#[cfg(feature = "remote")]
pub(crate) mod remote;
mod shared;

pub use shared::SharedKeys;
