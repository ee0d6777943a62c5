use std::fmt;

use aws_lc_rs::constant_time;
use handstamp_token::{
    KeyError,
    jwe::{ContentEncryption, DecryptionKey, DecryptionKeys, EncryptionKey},
};
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

/// Access tokens are encrypted to a key that services hold, so that whoever holds the browser cannot read them.
///
/// The auth service holds the decrypting key as well: it reads its own cookies.
#[derive(Clone)]
pub struct TokenEncryption {
    encryption: EncryptionKey,
    keys: Vec<DecryptionKey>,
    decryption: DecryptionKeys,
}

/// A JWK set with private parts.
#[derive(Deserialize)]
struct PrivateJwks {
    keys: Vec<Value>,
}

impl TokenEncryption {
    /// How the content of tokens is encrypted.
    pub const CONTENT: ContentEncryption = ContentEncryption::A256Gcm;

    /// Returns the encryption to the first key. Tokens encrypted to one of the others are still read: while keys change,
    /// browsers hold tokens of the old one.
    pub fn new(keys: Vec<DecryptionKey>) -> Result<Self, KeyError> {
        let missing = || KeyError::Jwk { problem: "the set holds no key".to_owned() };
        let encryption = keys.first().ok_or_else(missing)?.encryption_key();
        let decryption = DecryptionKeys::new(keys.iter().cloned())?;
        Ok(Self { encryption, keys, decryption })
    }

    /// Reads a JWK with its private part ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)), or a set of them, the one to
    /// encrypt to first: `EC` on P-256 or `OKP` on X25519 for ECDH-ES, `RSA` for RSA-OAEP-256, `oct` of 32 bytes for `dir`.
    pub fn from_jwk_json(json: &[u8]) -> Result<Self, KeyError> {
        let read = |jwk: &[u8]| DecryptionKey::from_jwk_json(jwk, Self::CONTENT);
        let keys = match serde_json::from_slice::<PrivateJwks>(json) {
            Ok(set) => set.keys.iter().map(|jwk| read(Zeroizing::new(jwk.to_string()).as_bytes())).collect(),
            Err(_) => read(json).map(|key| vec![key]),
        };
        Self::new(keys?)
    }

    /// Returns the key that tokens are encrypted to.
    pub fn encryption_key(&self) -> &EncryptionKey {
        &self.encryption
    }

    /// Returns the keys that tokens may be encrypted to, the current one first.
    pub fn keys(&self) -> &[DecryptionKey] {
        &self.keys
    }

    /// Returns the same keys, to be found by their id.
    pub fn decryption_keys(&self) -> &DecryptionKeys {
        &self.decryption
    }
}

impl fmt::Debug for TokenEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenEncryption").field("encrypts_to", &self.encryption).finish_non_exhaustive()
    }
}

impl PartialEq for TokenEncryption {
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, other): (&DecryptionKey, &DecryptionKey)| {
            let (one, other) = (one.to_private_jwk_json(), other.to_private_jwk_json());
            constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
        };
        self.keys.len() == other.keys.len() && self.keys.iter().zip(&other.keys).all(same)
    }
}

impl Eq for TokenEncryption {}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> DecryptionKey {
        DecryptionKey::generate_x25519(TokenEncryption::CONTENT).expect("a key")
    }

    fn read(json: &str) -> Result<TokenEncryption, KeyError> {
        TokenEncryption::from_jwk_json(json.as_bytes())
    }

    #[test]
    fn of_a_set_the_first_key_encrypts_and_all_of_them_decrypt() {
        let (new, old) = (key(), key());
        let set = format!(r#"{{"keys":[{},{}]}}"#, *new.to_private_jwk_json(), *old.to_private_jwk_json());

        let encryption = read(&set).expect("a set");

        assert_eq!(encryption.encryption_key().key_id(), new.key_id());
        let kids: Vec<_> = encryption.keys().iter().map(DecryptionKey::key_id).collect();
        assert_eq!(kids, [new.key_id(), old.key_id()]);
    }

    #[test]
    fn a_single_key_is_a_set_of_one() {
        let key = key();
        let encryption = read(&key.to_private_jwk_json()).expect("a key");
        assert_eq!(encryption, TokenEncryption::new(vec![key]).expect("a key"));
    }

    #[test]
    fn an_empty_set_encrypts_to_nobody() {
        assert!(matches!(read(r#"{"keys":[]}"#), Err(KeyError::Jwk { .. })));
    }

    #[test]
    fn a_key_that_stands_in_the_set_twice_is_refused() {
        let key = key();
        let refused = TokenEncryption::new(vec![key.clone(), key.clone()]).err();
        assert_eq!(refused, Some(KeyError::DuplicateKeyId { kid: key.key_id().clone() }));
    }

    #[test]
    fn a_public_key_cannot_read_our_own_cookies() {
        let mut jwk: Value = serde_json::from_str(&key().to_private_jwk_json()).expect("JSON");
        jwk.as_object_mut().expect("an object").remove("d");
        assert_eq!(read(&jwk.to_string()).err(), Some(KeyError::PublicKey));
    }

    #[test]
    fn the_private_part_does_not_print() {
        let key = key();
        let jwk: Value = serde_json::from_str(&key.to_private_jwk_json()).expect("JSON");
        let printed = format!("{:?}", TokenEncryption::new(vec![key]).expect("a key"));
        assert!(!printed.contains(jwk["d"].as_str().expect("a private part")), "{printed}");
    }
}
