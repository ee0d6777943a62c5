use crate::algorithm::Algorithm;

/// Why a key was refused. No message ever holds key material.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A `kid` is empty, too long or not visible ASCII.
    #[error("{kid:?} cannot be a key id: it takes 1 to 128 visible ASCII characters")]
    KeyId {
        /// The refused text.
        kid: String,
    },
    /// The text is not a PEM block, or more than one.
    #[error("not a usable PEM text: {problem}")]
    Pem {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The bytes are not one of the DER structures for keys.
    #[error("not a usable DER structure: {problem}")]
    Der {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The JSON is not a JWK or JWK Set (RFC 7517).
    #[error("not a usable JWK: {problem}")]
    Jwk {
        /// What is wrong with it.
        problem: String,
    },
    /// The key is of a kind that the algorithm cannot use.
    #[error("{algorithm} needs {}, this is {actual}", algorithm.key_kind())]
    WrongKind {
        /// The algorithm that was asked for.
        algorithm: Algorithm,
        /// The kind of key that was given.
        actual: &'static str,
    },
    /// A private key stands where a public one belongs.
    #[error("this is a private key; a verifier takes the public one")]
    PrivateKey,
    /// A public key stands where a private one belongs.
    #[error("this is a public key; signing needs the private one")]
    PublicKey,
    /// A JWK that is meant to be public holds a private or symmetric member. Whoever published it must replace the key.
    #[error("the JWK holds the secret member {member:?}: it must never be published, replace the key")]
    SecretMember {
        /// The member's name.
        member: &'static str,
    },
    /// The RSA modulus is outside 2048 to 8192 bits (RFC 7518 §3.3).
    #[error("the RSA modulus has {bits} bits; 2048 to 8192 are accepted")]
    RsaSize {
        /// The modulus length.
        bits: usize,
    },
    /// The RSA public exponent is even or below 65537 (NIST SP 800-56B).
    #[error("the RSA public exponent must be odd and at least 65537")]
    RsaExponent,
    /// The public point is not on its curve, or generates only a small group.
    #[error("the public key is not a valid point of {curve}")]
    InvalidPoint {
        /// The curve.
        curve: &'static str,
    },
    /// The HMAC secret is shorter than the hash (RFC 7518 §3.2).
    #[error("{algorithm} needs a secret of at least {needed} bytes, this one has {actual}")]
    SecretTooShort {
        /// The algorithm that was asked for.
        algorithm: Algorithm,
        /// The bytes needed.
        needed: usize,
        /// The bytes given.
        actual: usize,
    },
    /// The HMAC secret is a well-known example, or has a pattern that can be guessed.
    #[error("the secret is a known example or follows a pattern; draw {needed} random bytes")]
    WeakSecret {
        /// The bytes to draw.
        needed: usize,
    },
    /// The JWK's `use` or `key_ops` forbids what was asked for (RFC 7517 §4.2, §4.3).
    #[error("the JWK is not meant for {operation}: {member:?} forbids it")]
    ForbiddenUse {
        /// `verify` or `sign`.
        operation: &'static str,
        /// `use` or `key_ops`.
        member: &'static str,
    },
    /// The JWK's `alg` is not an algorithm of this build.
    #[error("the JWK is for {alg:?}, which is not a supported signature algorithm")]
    UnknownAlgorithm {
        /// The member's value.
        alg: String,
    },
    /// The algorithm has a shared secret and the operation needs a key pair, or the other way round.
    #[error("{algorithm} cannot be used here: {problem}")]
    WrongAlgorithm {
        /// The algorithm that was asked for.
        algorithm: Algorithm,
        /// What to do instead.
        problem: &'static str,
    },
    /// The crypto crate refused the key: its parts do not fit together.
    #[error("the parts of the {kind} key do not fit together")]
    Inconsistent {
        /// The kind of key.
        kind: &'static str,
    },
    /// Two keys of a set have the same `kid`, so a token could not say which one it means.
    #[error("two keys of the set share the key id {kid}")]
    DuplicateKeyId {
        /// The shared id.
        kid: super::KeyId,
    },
    /// A set mixes shared secrets with public keys, the setting of algorithm confusion (RFC 8725 §2.1).
    #[error("a key set holds either shared secrets or public keys, never both")]
    MixedSet,
    /// The crypto crate could not generate a key.
    #[error("the crypto library could not generate a key")]
    Generation,
}
