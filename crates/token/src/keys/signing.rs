use std::fmt;
use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

use super::jwk::{RawJwk, algorithm_named, check_use};
use super::key_id::KeyId;
use super::private::{PrivateKey, Signature};
use super::verifying::VerifyingKey;
use super::{KeyError, import, pem};
use crate::algorithm::Algorithm;

/// A key that signs with one algorithm. Prepared once; cloning is cheap; `Debug` shows no material.
///
/// Its key id is the RFC 7638 thumbprint unless the JWK had a `kid` or [`with_key_id`](Self::with_key_id) set one.
#[derive(Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    private: Arc<PrivateKey>,
    private_der: Arc<Zeroizing<Vec<u8>>>,
    verifying: VerifyingKey,
    /// The encoded header for the first `typ` this key signed: a key mostly signs one kind of token.
    known_header: Arc<OnceLock<(Box<str>, Box<str>)>>,
}

impl SigningKey {
    /// Generates a key. RSA keys get 2048 bits.
    ///
    /// The crypto crate draws from its own system generator, so no [`Entropy`](crate::Entropy) is asked for.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::prepare(algorithm, PrivateKey::generate(algorithm)?)
    }

    /// Reads a private key in PEM: PKCS#8, SEC1 or PKCS#1, not encrypted.
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, KeyError> {
        let block = pem::read(pem)?;
        Self::prepare(algorithm, PrivateKey::from_der(algorithm, block.label, &block.der)?)
    }

    /// Reads a private key in DER: PKCS#8, SEC1 or PKCS#1.
    ///
    /// For HS algorithms this takes the raw secret, so that it reads back what [`to_private_der`](Self::to_private_der)
    /// wrote.
    pub fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        if algorithm.is_symmetric() {
            return Self::from_secret(algorithm, der);
        }
        Self::prepare(algorithm, PrivateKey::from_der(algorithm, import::sniff(der)?, der)?)
    }

    /// Reads a private or symmetric JWK whose `use` and `key_ops` allow signing.
    ///
    /// Without `alg`, the curve decides; an RSA key then is for RS256. A symmetric key must name its `alg`.
    pub fn from_jwk_json(json: &[u8]) -> Result<Self, KeyError> {
        let jwk = RawJwk::from_json(json)?;
        check_use(jwk.use_.as_deref(), jwk.key_ops.as_deref(), "sign")?;
        let algorithm = match &jwk.alg {
            Some(alg) => algorithm_named(alg)?,
            None if jwk.kty == "oct" => {
                return Err(KeyError::Jwk { problem: "a symmetric key must name its \"alg\"".to_owned() });
            }
            None => jwk.public_members()?.parts()?.default_algorithm(),
        };
        let key = Self::prepare(algorithm, PrivateKey::from_jwk(algorithm, &jwk)?)?;
        match jwk.kid {
            Some(kid) => Ok(key.with_key_id(KeyId::new(kid)?)),
            None => Ok(key),
        }
    }

    /// Prepares a shared secret for HS256, HS384 or HS512: at least as long as the hash, and none that others know.
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        Self::prepare(algorithm, PrivateKey::from_secret(algorithm, secret)?)
    }

    /// Returns the key under another key id.
    #[must_use]
    pub fn with_key_id(mut self, key_id: KeyId) -> Self {
        self.verifying = self.verifying.with_key_id(key_id);
        self.known_header = Arc::default();
        self
    }

    /// Returns the key id that goes into token headers.
    pub fn key_id(&self) -> &KeyId {
        self.verifying.key_id()
    }

    /// Returns the one algorithm of this key.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns PKCS#8, or the raw secret of an HS key, for storing at rest. Encrypt it before it leaves the process.
    pub fn to_private_der(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::clone(&self.private_der)
    }

    /// Returns the key that verifies what this one signs, under the same key id.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying.clone()
    }

    /// Returns the encoded header for `typ` if it is the one this key remembers.
    pub(crate) fn known_header(&self, typ: &str) -> Option<&str> {
        self.known_header.get().filter(|(known, _)| **known == *typ).map(|(_, encoded)| &**encoded)
    }

    /// Remembers the encoded header for `typ`; the first one stays.
    pub(crate) fn remember_header(&self, typ: &str, encoded: &str) {
        self.known_header.get_or_init(|| (typ.into(), encoded.into()));
    }

    /// Returns the signature of `message`, or `None` where the crypto crate fails.
    pub(crate) fn signature(&self, message: &[u8]) -> Option<Signature> {
        self.private.sign(self.algorithm, message)
    }

    fn prepare(algorithm: Algorithm, private: PrivateKey) -> Result<Self, KeyError> {
        let inconsistent = KeyError::Inconsistent { kind: algorithm.name() };
        let private_der = private.to_der().ok_or(inconsistent)?;
        let verifying = match private.public_parts() {
            Some(parts) => VerifyingKey::from_parts(algorithm, parts)?,
            None => VerifyingKey::from_secret(algorithm, &private_der)?,
        };
        Ok(Self {
            algorithm,
            private: Arc::new(private),
            private_der: Arc::new(private_der),
            verifying,
            known_header: Arc::default(),
        })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("key_id", self.key_id())
            .finish_non_exhaustive()
    }
}
