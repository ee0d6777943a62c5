//! The rules of Handstamp: who may sign in, what a token says, when a session ends.
//!
//! No HTTP and no SQL: a flow takes typed commands, the time and a [`store::Store`], and answers with values or a small
//! error enum of its own. Time and randomness are arguments, so that every rule can be tested to the second.

pub mod claims;
mod context;
pub mod export_file;
pub mod flows;
pub mod key_rotation;
pub mod keyring;
pub mod minting;
pub mod model;
pub mod password;
mod places;
pub mod refresh_machine;
pub mod refresh_token;
pub mod root_key;
mod seen;
pub mod settings;
pub mod shared;
pub mod store;
#[cfg(feature = "test-support")]
pub mod test_support;

pub use context::Context;
