use std::sync::Arc;

use super::KeyError;
use super::jwk::{self, Jwk, Jwks, RawJwk};
use super::verifying::VerifyingKey;

/// An immutable set of verifying keys, found by key id. Prepared once; cloning is cheap.
///
/// A set holds either public keys or shared secrets: with both in one place, a public key could be abused as a secret
/// (RFC 8725 §2.1).
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    /// Sorted by key id.
    keys: Arc<[VerifyingKey]>,
}

impl KeySet {
    /// Creates a set. Two keys with one id, or secrets beside public keys, are refused.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, KeyError> {
        let mut keys: Vec<VerifyingKey> = keys.into_iter().collect();
        keys.sort_by(|a, b| a.key_id().cmp(b.key_id()));
        if let Some(pair) = keys.windows(2).find(|pair| pair[0].key_id() == pair[1].key_id()) {
            return Err(KeyError::DuplicateKeyId { kid: pair[0].key_id().clone() });
        }
        let secrets = keys.iter().filter(|key| key.algorithm().is_symmetric()).count();
        if secrets > 0 && secrets < keys.len() {
            return Err(KeyError::MixedSet);
        }
        Ok(Self { keys: keys.into() })
    }

    /// Reads a public JWK Set (RFC 7517 §5) as an issuer publishes it.
    ///
    /// Keys that cannot verify signatures here are left out and reported: other types, `use: enc`, unknown `alg`, and
    /// broken ones. A set that publishes a private or symmetric key is refused as a whole: its issuer has lost that key, and
    /// perhaps the others.
    pub fn from_jwks_json(json: &[u8]) -> Result<(Self, Vec<SkippedKey>), KeyError> {
        let document = jwk::document(json)?;
        let keys = document.root().members().find(|(name, _)| name == "keys").map(|(_, keys)| keys);
        let keys = keys.filter(|keys| keys.kind() == crate::json::Kind::Array);
        let keys = keys
            .ok_or_else(|| KeyError::Jwk { problem: "a JWK Set has an array named \"keys\"".to_owned() })?;
        let mut usable = Vec::new();
        let mut skipped = Vec::new();
        for (index, value) in keys.elements().enumerate() {
            let raw: RawJwk = match value.deserialize() {
                Ok(raw) => raw,
                Err(problem) => {
                    let reason = KeyError::Jwk { problem: problem.to_string() };
                    skipped.push(SkippedKey { index, kid: None, reason });
                    continue;
                }
            };
            if let Some(member) = raw.secret_member() {
                return Err(KeyError::SecretMember { member });
            }
            let kid = raw.kid.clone();
            match Jwk::try_from(raw).and_then(|jwk| VerifyingKey::from_jwk(&jwk)) {
                Ok(key) => usable.push(key),
                Err(reason) => skipped.push(SkippedKey { index, kid, reason }),
            }
        }
        Ok((Self::new(usable)?, skipped))
    }

    /// Returns the key with this id. Exact spelling only.
    pub fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        let index = self.keys.binary_search_by(|key| key.key_id().as_str().cmp(kid)).ok()?;
        self.keys.get(index)
    }

    /// Returns the keys, sorted by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &VerifyingKey> {
        self.keys.iter()
    }

    /// Returns the number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns whether there is no key, so that no token can verify.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns the public keys for publishing. Shared secrets are left out.
    pub fn to_jwks(&self) -> Jwks {
        Jwks { keys: self.keys.iter().filter_map(VerifyingKey::to_jwk).collect() }
    }
}

/// A key of a JWK Set that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedKey {
    /// Its position in the set, from zero.
    pub index: usize,
    /// Its `kid`, if it had a readable one.
    pub kid: Option<String>,
    /// Why it cannot be used.
    pub reason: KeyError,
}
