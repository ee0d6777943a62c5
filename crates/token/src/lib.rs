//! JSON Web Tokens, strictly: parse, verify and sign, with keys, JWK and JWK Sets.
//!
//! The crate is pure: no async, no network, no clock, no environment. What time it is and where randomness comes from are
//! arguments.
//!
//! # What it refuses
//!
//! - `none`, in any spelling: there is no such [`Algorithm`].
//! - A key used with another algorithm than its own: each [`VerifyingKey`] has exactly one.
//! - A token of one kind where another belongs: each [`Validator`] is for one `typ`, issuer and audience.
//! - Keys and addresses that a token brings along (`jwk`, `jku`, `x5u`, `x5c`): never trusted, never fetched.
//! - Two readings of one token: duplicate names, other base64url spellings, invalid UTF-8, trailing bytes.
//! - Claims of a token that was not verified: only [`VerifiedToken`] has them.
//!
//! # Example
//!
//! ```
//! use handstamp_token::{Algorithm, KeySet, SigningKey, SystemEntropy, TokenBuilder, UnixTime, Validator};
//!
//! #[derive(serde::Deserialize)]
//! struct Claims {
//!     roles: Vec<String>,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = UnixTime::from_secs(1_800_000_000);
//! let key = SigningKey::generate(Algorithm::Es256)?;
//! let token = TokenBuilder::access_token("https://auth.example.com", "https://api.example.com")
//!     .subject("user-17")
//!     .client_id("web")
//!     .lifetime("15 minutes")
//!     .claim("roles", ["editor"])
//!     .sign(&key, now, &SystemEntropy)?;
//!
//! let keys = KeySet::new([key.verifying_key()])?;
//! let validator = Validator::access_token("https://auth.example.com", "https://api.example.com", &[Algorithm::Es256])?;
//! let verified = validator.verify::<Claims>(token.as_str(), &keys, now)?;
//! assert_eq!(verified.registered().sub(), Some("user-17"));
//! assert_eq!(verified.claims().roles, ["editor"]);
//! # Ok(())
//! # }
//! ```

mod algorithm;
mod base64url;
mod builder;
mod claims;
pub mod dangerous;
mod entropy;
mod header;
mod json;
#[cfg(feature = "jwe")]
pub mod jwe;
mod keys;
mod lifetime;
mod rejection;
mod sign;
mod size;
mod text;
mod time;
mod unverified;
mod validator;
mod verified;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use builder::{SignedToken, TokenBuilder};
pub use claims::RegisteredClaims;
pub use entropy::{Entropy, PooledEntropy, SystemEntropy};
pub use keys::{Jwk, Jwks, KeyError, KeyId, KeySet, SigningKey, SkippedKey, VerifyingKey, known_weak_secret};
pub use lifetime::Lifetime;
pub use rejection::{Part, Rejection};
pub use sign::SignError;
pub use size::SizeReport;
pub use time::UnixTime;
pub use unverified::{MAX_DOCUMENT_LEN, MAX_TOKEN_LEN, UnverifiedToken};
pub use validator::{Audience, Validator, ValidatorError};
pub use verified::{BorrowedToken, NoClaims, VerifiedToken};
