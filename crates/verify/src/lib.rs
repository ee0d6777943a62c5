// The front page's example is a whole service, so it compiles only with everything a service needs.
#![cfg_attr(all(feature = "axum", feature = "remote"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "axum", feature = "remote")),
    doc = "Verify Handstamp's tokens inside a service, without a network call. Its README.md is the front page."
)]

pub mod access;
#[cfg(feature = "axum")]
pub mod axum;
mod clock;
pub mod cookies;
mod credential;
pub mod csrf;
mod error;
#[cfg(feature = "forward-auth")]
pub mod forward_auth;
#[cfg(feature = "remote")]
mod http_client;
#[cfg(feature = "remote")]
mod jitter;
mod keys;
mod layer;
mod nested;
mod principal;
#[cfg(feature = "remote")]
pub mod profiles;
mod response;
pub mod revocation;
#[cfg(feature = "remote")]
mod source;
mod token_cache;
#[cfg(feature = "remote")]
pub mod token_source;
mod verifier;
#[cfg(feature = "remote")]
mod well_known;

pub use clock::{Clock, SystemClock};
pub use error::AuthError;
#[cfg(feature = "jwe")]
pub use handstamp_token::jwe::{ContentEncryption, DecryptionKey};
pub use handstamp_token::{NoClaims, UnixTime};
pub use keys::SharedKeys;
#[cfg(feature = "remote")]
pub use keys::{IssuerKeys, IssuerKeysError, IssuerKeysOptions};
pub use layer::{VerifyLayer, VerifyService};
pub use principal::{Credential, OrgScope, Principal};
pub use token_cache::CacheLimits;
pub use verifier::{BuildError, DEFAULT_COOKIE_NAME, MAX_LEEWAY, Verifier, VerifierBuilder};
#[cfg(feature = "remote")]
pub use well_known::WellKnown;
