use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};

use super::JweError;

/// How the content is encrypted (RFC 7518 §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentEncryption {
    /// AES-128 in GCM.
    A128Gcm,
    /// AES-256 in GCM.
    A256Gcm,
}

pub(super) const NONCE_LEN: usize = 12;
pub(super) const TAG_LEN: usize = 16;

impl ContentEncryption {
    /// Returns the registered name, as it stands in `enc`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
        }
    }

    /// Returns the key length in bytes.
    pub(super) const fn key_len(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A256Gcm => 32,
        }
    }

    /// Encrypts in place and returns the tag. A nonce must never come twice under one key.
    pub(super) fn seal(
        self,
        key: &[u8],
        nonce: [u8; NONCE_LEN],
        protected: &str,
        text: &mut [u8],
    ) -> Result<[u8; TAG_LEN], JweError> {
        let key = self.key(key).ok_or(JweError::Crypto)?;
        let aad = Aad::from(protected.as_bytes());
        let tag = key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, text);
        tag.ok().and_then(|tag| tag.as_ref().try_into().ok()).ok_or(JweError::Crypto)
    }

    /// Checks the tag and decrypts in place.
    pub(super) fn open(
        self,
        key: &[u8],
        nonce: &[u8],
        protected: &str,
        mut text: Vec<u8>,
        tag: &[u8],
    ) -> Result<Vec<u8>, JweError> {
        let key = self.key(key).ok_or(JweError::Decryption)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| JweError::Decryption)?;
        // A shortened tag would be easier to guess.
        if tag.len() != TAG_LEN {
            return Err(JweError::Decryption);
        }
        text.extend_from_slice(tag);
        let len = key
            .open_in_place(nonce, Aad::from(protected.as_bytes()), &mut text)
            .map_err(|_| JweError::Decryption)?
            .len();
        text.truncate(len);
        Ok(text)
    }

    fn key(self, key: &[u8]) -> Option<LessSafeKey> {
        let algorithm = match self {
            Self::A128Gcm => &aead::AES_128_GCM,
            Self::A256Gcm => &aead::AES_256_GCM,
        };
        UnboundKey::new(algorithm, key).ok().map(LessSafeKey::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64url::decode;

    /// RFC 7520 §5.6, direct encryption with AES-GCM. Its content is no token, so only this layer can show it.
    #[test]
    fn rfc_7520_direct_encryption() {
        let vector: serde_json::Value = serde_json::from_str(include_str!(
            "../../tests/vectors/rfc7520/jwe/5_6.direct_encryption_using_aes-gcm.json"
        ))
        .expect("JSON");
        let bytes = |value: &serde_json::Value| decode(value.as_str().expect("a string")).expect("base64url");
        let content = &vector["encrypting_content"];
        let protected = content["protected_b64u"].as_str().expect("a string");
        let text = ContentEncryption::A128Gcm.open(
            &bytes(&vector["input"]["key"]["k"]),
            &bytes(&vector["generated"]["iv"]),
            protected,
            bytes(&content["ciphertext"]),
            &bytes(&content["tag"]),
        );
        assert_eq!(
            text.expect("opened"),
            vector["input"]["plaintext"].as_str().expect("a string").as_bytes()
        );
    }
}
