use std::fmt;

use aws_lc_rs::hmac;

use crate::root_key::{RootKey, RootKeyError};

/// What something that is shared goes by: a keyed hash of its name, the same on every replica.
///
/// A name would say who signs in from where, to everybody who reads the server's memory or its network.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SharedKey([u8; Self::LEN]);

impl SharedKey {
    /// Its length in bytes: as much of the hash as nobody finds two names for.
    pub const LEN: usize = 16;

    /// Returns its bytes.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Returns it as text, for stores whose keys are text.
    pub fn to_text(&self) -> String {
        base64_simd::URL_SAFE_NO_PAD.encode_to_string(self.0)
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedKey({})", self.to_text())
    }
}

/// Makes [`SharedKey`]s.
pub struct SharedKeys(hmac::Key);

impl SharedKeys {
    /// Prepares them. Replicas have the same root key, and so the same keys.
    pub fn new(root: &RootKey) -> Result<Self, RootKeyError> {
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &*root.shared_names_key()?)))
    }

    /// Returns the key of a thing of this kind with this name.
    pub fn of(&self, kind: &str, name: &[&[u8]]) -> SharedKey {
        let mut context = hmac::Context::with_key(&self.0);
        // Each part with its length: no two lists of parts are the same text.
        for part in [kind.as_bytes()].iter().chain(name) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let tag = context.sign();
        let mut bytes = [0; SharedKey::LEN];
        bytes.copy_from_slice(&tag.as_ref()[..SharedKey::LEN]);
        SharedKey(bytes)
    }
}

impl fmt::Debug for SharedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKeys([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::SharedKeys;
    use crate::root_key::RootKey;

    fn keys(byte: u8) -> SharedKeys {
        SharedKeys::new(&RootKey::from_bytes([byte; 32])).unwrap()
    }

    #[test]
    fn replicas_with_one_root_key_have_one_key_for_a_name() {
        assert_eq!(keys(1).of("login", &[b"ann"]), keys(1).of("login", &[b"ann"]));
        assert_ne!(keys(1).of("login", &[b"ann"]), keys(2).of("login", &[b"ann"]));
    }

    #[test]
    fn names_of_several_parts_are_not_joined() {
        assert_ne!(keys(1).of("place", &[b"ann", b"1"]), keys(1).of("place", &[b"ann1", b""]));
        assert_ne!(keys(1).of("place", &[b"ann"]), keys(1).of("placeann", &[]));
    }
}
