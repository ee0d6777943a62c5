use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::ParsedPublicKey;

use super::jwk::{Jwk, RawJwk};
use super::key_id::KeyId;
use super::known::Known;
use super::public::PublicParts;
use super::{KeyError, import, pem, secret, thumbprint};
use crate::algorithm::Algorithm;
use crate::header::Header;
use crate::json::reader::Expected;

/// A key that verifies signatures of one algorithm. Prepared once; cloning is cheap.
///
/// Its key id is the RFC 7638 thumbprint unless the JWK had a `kid` or [`with_key_id`](Self::with_key_id) set one.
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    key_id: KeyId,
    verifier: Arc<Verifier>,
    known: Arc<Known>,
}

pub(super) enum Verifier {
    Secret(Box<hmac::Key>),
    Public { key: ParsedPublicKey, parts: PublicParts },
}

impl VerifyingKey {
    /// Reads a public key or X.509 certificate in PEM.
    ///
    /// Of a certificate only the key counts: chain, names and dates are not looked at.
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, KeyError> {
        let block = pem::read(pem)?;
        Self::from_parts(algorithm, import::public(block.label, &block.der)?)
    }

    /// Reads a public key (SPKI or PKCS#1) or X.509 certificate in DER.
    pub fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        Self::from_parts(algorithm, import::public(import::sniff(der)?, der)?)
    }

    /// Prepares a JWK whose `use` and `key_ops` allow verifying.
    ///
    /// Without `alg`, the curve decides; an RSA key then is for RS256, the algorithm every OpenID provider offers.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        jwk.check_use("verify")?;
        let parts = jwk.parts()?;
        let algorithm = jwk.algorithm()?.unwrap_or_else(|| parts.default_algorithm());
        let key = Self::from_parts(algorithm, parts)?;
        Ok(match &jwk.kid {
            Some(kid) => key.with_key_id(kid.clone()),
            None => key,
        })
    }

    /// Reads a public JWK from its JSON text. A private or symmetric member is refused.
    pub fn from_jwk_json(json: &[u8]) -> Result<Self, KeyError> {
        Self::from_jwk(&RawJwk::from_json(json)?.try_into()?)
    }

    /// Prepares a shared secret for HS256, HS384 or HS512: at least as long as the hash, and none that others know.
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let key = secret::prepare(algorithm, secret)?;
        let key_id = KeyId::new(thumbprint::secret(secret))?;
        Ok(Self {
            algorithm,
            key_id,
            verifier: Arc::new(Verifier::Secret(Box::new(key))),
            known: Arc::default(),
        })
    }

    /// Returns the key under another key id.
    #[must_use]
    pub fn with_key_id(mut self, key_id: KeyId) -> Self {
        self.key_id = key_id;
        self.known = Arc::default();
        self
    }

    /// Returns the key id.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// Returns the one algorithm of this key.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the public JWK with `kid`, `alg` and `use: sig`, or `None` for a shared secret, which is never published.
    pub fn to_jwk(&self) -> Option<Jwk> {
        match &*self.verifier {
            Verifier::Secret(_) => None,
            Verifier::Public { parts, .. } => {
                let mut jwk = Jwk::of(parts);
                jwk.kid = Some(self.key_id.clone());
                jwk.alg = Some(self.algorithm.name().to_owned());
                jwk.use_ = Some("sig".to_owned());
                Some(jwk)
            }
        }
    }

    pub(super) fn from_parts(algorithm: Algorithm, parts: PublicParts) -> Result<Self, KeyError> {
        let key = parts.prepare(algorithm)?;
        let key_id = KeyId::new(thumbprint::public(&parts))?;
        Ok(Self {
            algorithm,
            key_id,
            verifier: Arc::new(Verifier::Public { key, parts }),
            known: Arc::default(),
        })
    }

    /// Returns what a header text means that a verified token of this key had before.
    pub(crate) fn known_header(&self, encoded: &str) -> Option<&Header> {
        self.known.header(encoded)
    }

    /// Remembers the header of a token this key verified.
    pub(crate) fn remember_header(&self, encoded: &str, header: &Header) {
        self.known.remember_header(encoded, header);
    }

    /// Returns the names of the first claims this key verified, or those of `payload`, which it has just verified, if these are
    /// the first.
    pub(crate) fn expected_claims(&self, payload: &str) -> &[Expected] {
        self.known.claims(payload)
    }

    /// Returns whether `signature` is this key's signature of `message`. Secrets are compared in constant time.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &*self.verifier {
            Verifier::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            Verifier::Public { key, .. } => key.verify_sig(message, signature).is_ok(),
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}
