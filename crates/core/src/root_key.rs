//! The root key: everything secret at rest is sealed under it. `cli` reads it from a file or the environment.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf, hmac,
};
use handstamp_token::Entropy;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::model::{SealedKey, StatusListId};

const SEAL_VERSION: u8 = 1;
const SEAL_OF_MANY_VERSION: u8 = 2;
/// So much of a key of its own is drawn.
const SALT_LEN: usize = 16;
const TEXT_PREFIX: &str = "hsroot_";

/// 256 bits that open everything. Prints as `[redacted]`.
#[derive(Clone)]
pub struct RootKey(Zeroizing<[u8; Self::LEN]>);

/// The root key cannot do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootKeyError {
    /// The text is not a root key: the file is damaged, or another file.
    #[error("this is not a root key: expected `hsroot_` and 64 hexadecimal digits")]
    Malformed,
    /// The sealed bytes were made under another root key, for another purpose, or were changed.
    #[error(
        "a stored key cannot be opened with this root key: it is another installation's root key, or the database was changed"
    )]
    CannotOpen,
}

impl RootKey {
    /// Its length in bytes.
    pub const LEN: usize = 32;

    /// Returns the key made of these bytes.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Draws a new key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        entropy.fill(&mut *bytes);
        Self(bytes)
    }

    /// Reads the text form that [`RootKey::to_text`] writes. White space around it is ignored.
    pub fn from_text(text: &str) -> Result<Self, RootKeyError> {
        let digits = text.trim().strip_prefix(TEXT_PREFIX).ok_or(RootKeyError::Malformed)?;
        if digits.len() != Self::LEN * 2 || !digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(RootKeyError::Malformed);
        }
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let pair = str::from_utf8(pair).map_err(|_| RootKeyError::Malformed)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| RootKeyError::Malformed)?;
        }
        Ok(Self(bytes))
    }

    /// Returns the text form, for the file that keeps it.
    pub fn to_text(&self) -> Zeroizing<String> {
        use std::fmt::Write as _;
        let mut text = Zeroizing::new(String::with_capacity(TEXT_PREFIX.len() + Self::LEN * 2));
        text.push_str(TEXT_PREFIX);
        for byte in self.0.iter() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Seals a secret (AES-256-GCM). Only the same `purpose` opens it, so that no sealed key can stand in for another.
    ///
    /// The nonce is drawn; a root key seals a handful of keys a month, far from where drawn nonces could repeat.
    pub fn seal(
        &self,
        purpose: &[u8],
        plain: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<SealedKey, RootKeyError> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut sealed = plain.to_vec();
        self.sealing_key()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(purpose), &mut sealed)
            .map_err(|_| RootKeyError::CannotOpen)?;
        let mut bytes = Vec::with_capacity(1 + NONCE_LEN + sealed.len());
        bytes.push(SEAL_VERSION);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        Ok(SealedKey::from_bytes(bytes))
    }

    /// Opens a secret that was sealed for the same `purpose`.
    pub fn open(&self, purpose: &[u8], sealed: &SealedKey) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
        let (&version, rest) = sealed.as_bytes().split_first().ok_or(RootKeyError::CannotOpen)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or(RootKeyError::CannotOpen)?;
        if version != SEAL_VERSION {
            return Err(RootKeyError::CannotOpen);
        }
        opened(&self.sealing_key()?, purpose, nonce, sealed)
    }

    /// Seals one of many small texts (AES-256-GCM). Only the same `purpose` opens it.
    ///
    /// Each has a key of its own, derived with 128 drawn bits: drawn nonces under one key could repeat after some thousand
    /// million texts, and an installation may seal as many in a few years.
    pub fn seal_one_of_many(
        &self,
        purpose: &[u8],
        plain: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, RootKeyError> {
        let mut drawn = [0; SALT_LEN + NONCE_LEN];
        entropy.fill(&mut drawn);
        let (salt, nonce) = drawn.split_at(SALT_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| RootKeyError::CannotOpen)?;
        let mut sealed = plain.to_vec();
        self.sealing_key_of(salt)?
            .seal_in_place_append_tag(nonce, aad(purpose), &mut sealed)
            .map_err(|_| RootKeyError::CannotOpen)?;
        Ok([&[SEAL_OF_MANY_VERSION], drawn.as_slice(), &sealed].concat())
    }

    /// Opens a text that was sealed for the same `purpose` by [`RootKey::seal_one_of_many`].
    pub fn open_one_of_many(
        &self,
        purpose: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
        let (&version, rest) = sealed.split_first().ok_or(RootKeyError::CannotOpen)?;
        let (salt, rest) = rest.split_at_checked(SALT_LEN).ok_or(RootKeyError::CannotOpen)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or(RootKeyError::CannotOpen)?;
        if version != SEAL_OF_MANY_VERSION {
            return Err(RootKeyError::CannotOpen);
        }
        opened(&self.sealing_key_of(salt)?, purpose, nonce, sealed)
    }

    /// Returns the secret that makes the first administrator. It is derived, so that every replica shows the same one.
    pub fn setup_secret(&self) -> SetupSecret {
        use std::fmt::Write as _;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*self.0);
        let tag = hmac::sign(&key, b"handstamp setup secret v1");
        let mut text = Zeroizing::new(String::from("hss_"));
        for byte in &tag.as_ref()[..20] {
            let _ = write!(text, "{byte:02x}");
        }
        SetupSecret(text)
    }

    /// Returns the key under which the revocation feed hashes its selectors: the same on every replica, for good.
    pub fn selector_key(&self) -> Result<Zeroizing<[u8; 32]>, RootKeyError> {
        self.derive(b"handstamp revocation selectors v1")
    }

    /// Returns the key under which names are hashed that stand where others can read them: the same on every replica.
    pub(crate) fn shared_names_key(&self) -> Result<Zeroizing<[u8; 32]>, RootKeyError> {
        self.derive(b"handstamp shared names v1")
    }

    /// Returns the key under which the places of a status list are shuffled: the same on every replica.
    pub(crate) fn status_list_key(&self, list: StatusListId) -> Result<Zeroizing<[u8; 32]>, RootKeyError> {
        self.derive(&[b"handstamp status list v1".as_slice(), list.as_bytes()].concat())
    }

    fn sealing_key(&self) -> Result<LessSafeKey, RootKeyError> {
        // A key of its own, so that the setup secret and whatever else is derived can never be a use of this one.
        aead_key(&*self.derive(b"handstamp sealing key v1")?)
    }

    fn sealing_key_of(&self, salt: &[u8]) -> Result<LessSafeKey, RootKeyError> {
        aead_key(&*self.derive(&[b"handstamp sealing key of one text v1".as_slice(), salt].concat())?)
    }

    fn derive(&self, purpose: &[u8]) -> Result<Zeroizing<[u8; 32]>, RootKeyError> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"handstamp root key").extract(&*self.0);
        let mut derived = Zeroizing::new([0; 32]);
        prk.expand(&[purpose], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut *derived))
            .map_err(|_| RootKeyError::CannotOpen)?;
        Ok(derived)
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The one-time way to the first administrator: good only while there is no user. Prints as `[redacted]`.
#[derive(Clone)]
pub struct SetupSecret(Zeroizing<String>);

impl SetupSecret {
    /// Returns the text, to be shown to the operator and nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns whether a presented text is this secret, in constant time.
    pub fn matches(&self, presented: &str) -> bool {
        self.0.as_bytes().ct_eq(presented.trim().as_bytes()).into()
    }
}

impl fmt::Debug for SetupSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

fn aead_key(bytes: &[u8; 32]) -> Result<LessSafeKey, RootKeyError> {
    UnboundKey::new(&AES_256_GCM, bytes).map(LessSafeKey::new).map_err(|_| RootKeyError::CannotOpen)
}

fn opened(
    key: &LessSafeKey,
    purpose: &[u8],
    nonce: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| RootKeyError::CannotOpen)?;
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let len = key.open_in_place(nonce, aad(purpose), &mut bytes).map_err(|_| RootKeyError::CannotOpen)?.len();
    bytes.truncate(len);
    Ok(bytes)
}

fn aad(purpose: &[u8]) -> Aad<Vec<u8>> {
    Aad::from([b"handstamp sealed v1:", purpose].concat())
}
