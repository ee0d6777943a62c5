use crate::unverified::MAX_TOKEN_LEN;

/// Why a token could not be encrypted or decrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JweError {
    /// The token is longer than any may be. Sender's fault.
    #[error("the encrypted token has {actual} bytes; at most {limit} are read")]
    TooLong {
        /// The limit.
        limit: usize,
        /// The token's length.
        actual: usize,
    },
    /// The text has three parts: a token that is signed and was never encrypted. Where encrypted ones are asked for it is not
    /// taken, or the sender would choose.
    #[error("the token is signed but not encrypted (three parts); only encrypted tokens are taken")]
    NotEncrypted,
    /// The text is not five parts joined by dots (RFC 7516 §7.1).
    #[error("an encrypted token has five parts joined by dots, this has {actual}")]
    NotFiveParts {
        /// The number of parts.
        actual: usize,
    },
    /// A part is not canonical unpadded base64url.
    #[error("the {part} is not canonical base64url")]
    Base64 {
        /// The part.
        part: &'static str,
    },
    /// The header is not acceptable JSON, or a parameter is missing or malformed.
    #[error("the header of the encrypted token is not acceptable: {problem}")]
    Header {
        /// What is wrong with it.
        problem: String,
    },
    /// The header has a parameter that is never accepted: `zip`, `crit`, or those of PBES2.
    #[error("the header parameter {name:?} is never accepted")]
    ForbiddenParameter {
        /// The parameter.
        name: &'static str,
    },
    /// The token's `alg` or `enc` is not the key's.
    #[error("the key is for {name} {expected} alone, the token says {actual:?}")]
    WrongAlgorithm {
        /// `alg` or `enc`.
        name: &'static str,
        /// The key's.
        expected: &'static str,
        /// The token's.
        actual: String,
    },
    /// The token names no key that we have.
    #[error("no decryption key has the id {kid:?}")]
    UnknownKey {
        /// The token's `kid`, if it has one.
        kid: Option<String>,
    },
    /// What is inside is not a signed token. Encryption alone proves no sender.
    #[error("the encrypted token must hold a signed one (cty \"JWT\", three parts)")]
    NotNested,
    /// The token was not encrypted for this key, or was changed. Deliberately no word on which step failed.
    #[error("the token cannot be decrypted with this key")]
    Decryption,
    /// What should be encrypted is not a signed token.
    #[error("only a signed token of at most {MAX_TOKEN_LEN} bytes can be encrypted")]
    NotSigned,
    /// The crypto crate failed to encrypt.
    #[error("the crypto library could not encrypt")]
    Crypto,
}
