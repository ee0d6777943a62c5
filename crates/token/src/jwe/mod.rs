//! Encrypted tokens, nested only: a signed token inside a JWE in compact form ([RFC 7516]), so that whoever holds it cannot
//! read it.
//!
//! Encryption says nothing about who wrote a token: with a public key anybody can encrypt. What comes out of decryption is
//! therefore a [`NestedToken`], to be verified like any other, and a bare encrypted claim set is refused.
//!
//! Key management is `dir`, `ECDH-ES` (P-256 or X25519) or `RSA-OAEP-256`, content is `A128GCM` or `A256GCM`. A key has one
//! of each, and a token that says otherwise is refused. There is no `PBES2` (its iteration count lets a sender burn our time),
//! no `zip` (a small token could unpack to gigabytes), no `RSA1_5`.
//!
//! ```
//! use handstamp_token::jwe::{ContentEncryption, DecryptionKey};
//! use handstamp_token::{Algorithm, SigningKey, SystemEntropy, TokenBuilder, UnixTime};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let signer = SigningKey::generate(Algorithm::Es256)?;
//! let signed = TokenBuilder::access_token("https://auth.example.com", "https://api.example.com")
//!     .subject("user-17")
//!     .lifetime("5 minutes")
//!     .sign(&signer, UnixTime::from_secs(1_800_000_000), &SystemEntropy)?;
//!
//! let service = DecryptionKey::generate_x25519(ContentEncryption::A256Gcm)?;
//! let encrypted = service.encryption_key().encrypt(signed.as_str(), &SystemEntropy)?;
//! assert_eq!(service.decrypt(&encrypted)?.as_unverified_str(), signed.as_str());
//! # Ok(())
//! # }
//! ```
//!
//! [RFC 7516]: https://www.rfc-editor.org/rfc/rfc7516

mod content;
mod decrypt;
mod encrypt;
mod error;
mod header;
mod kdf;
mod key;

pub use content::ContentEncryption;
pub use decrypt::{DecryptionKey, DecryptionKeys, NestedToken};
pub use encrypt::EncryptionKey;
pub use error::JweError;
pub use key::KeyManagement;

/// The longest accepted encrypted token: the longest signed one, encoded once more, and its key.
pub const MAX_ENCRYPTED_LEN: usize = 24 * 1024;
