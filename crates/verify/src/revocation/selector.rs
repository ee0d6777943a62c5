//! Keyed hashes of what revocations name: a copied feed or a memory dump names nobody.

use std::fmt;

use aws_lc_rs::hmac;
use handstamp_api_types::revocation::{RevocationLevel, SelectorHash, SelectorKeyText};

/// The key that selectors are hashed under. The auth service derives one from its root key, and hands it to verifiers with
/// the feed.
#[derive(Clone)]
pub struct SelectorKey {
    hmac: hmac::Key,
    /// Tells keys apart without showing them.
    fingerprint: u64,
}

impl SelectorKey {
    /// Creates a key from 32 secret bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let hmac = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let tag = hmac::sign(&hmac, b"fingerprint");
        Self { hmac, fingerprint: Selector::from_tag(tag.as_ref()).hi }
    }

    /// Returns the hash of a value, exactly as it stands in the token, at a level.
    pub fn hash(&self, level: RevocationLevel, value: &str) -> SelectorHash {
        let selector = self.selector(level, value);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&selector.hi.to_be_bytes());
        bytes[8..].copy_from_slice(&selector.lo.to_be_bytes());
        SelectorHash(bytes)
    }

    pub(super) fn selector(&self, level: RevocationLevel, value: &str) -> Selector {
        let mut context = hmac::Context::with_key(&self.hmac);
        context.update(level.as_str().as_bytes());
        context.update(&[0]);
        context.update(value.as_bytes());
        Selector::from_tag(context.sign().as_ref())
    }

    pub(super) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

impl From<SelectorKeyText> for SelectorKey {
    fn from(text: SelectorKeyText) -> Self {
        Self::from_bytes(text.0)
    }
}

impl fmt::Debug for SelectorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SelectorKey([redacted])")
    }
}

/// A selector hash, as two numbers. Its bits are as good as random, so tables use them as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Selector {
    pub(super) hi: u64,
    pub(super) lo: u64,
}

impl Selector {
    fn from_tag(tag: &[u8]) -> Self {
        let half = |at: usize| {
            let mut bytes = [0; 8];
            // An HMAC-SHA-256 tag has 32 bytes.
            bytes.copy_from_slice(&tag[at..at + 8]);
            u64::from_be_bytes(bytes)
        };
        Self { hi: half(0), lo: half(8) }
    }
}

impl From<SelectorHash> for Selector {
    fn from(hash: SelectorHash) -> Self {
        Self::from_tag(&hash.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_at_two_levels_is_two_selectors() {
        let key = SelectorKey::from_bytes([1; 32]);

        assert_ne!(key.hash(RevocationLevel::Session, "a"), key.hash(RevocationLevel::Subject, "a"));
        assert_ne!(key.hash(RevocationLevel::Session, "a"), key.hash(RevocationLevel::Session, "b"));
    }

    #[test]
    fn the_hash_on_the_wire_is_the_one_computed_from_a_token() {
        let key = SelectorKey::from_bytes([1; 32]);
        let hash = key.hash(RevocationLevel::Session, "0198-abc");

        assert_eq!(Selector::from(hash), key.selector(RevocationLevel::Session, "0198-abc"));
        // HMAC-SHA-256 computed apart from this crate: the server and other verifiers must come to the same.
        assert_eq!(serde_json::to_value(hash).unwrap(), "pUuk-riSapvi1wq7a7-e4Q");
    }

    #[test]
    fn keys_do_not_print() {
        assert_eq!(format!("{:?}", SelectorKey::from_bytes([1; 32])), "SelectorKey([redacted])");
    }
}
