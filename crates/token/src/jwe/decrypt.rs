use std::fmt;
use std::sync::Arc;

use aws_lc_rs::agreement::{self, UnparsedPublicKey};
use aws_lc_rs::digest;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use zeroize::Zeroizing;

use super::header::Header;
use super::key::{AgreementCurve, KeyManagement, check_use};
use super::{ContentEncryption, EncryptionKey, JweError, MAX_ENCRYPTED_LEN, kdf};
use crate::algorithm::Algorithm;
use crate::base64url;
use crate::keys::{Jwk, KeyError, KeyId, PrivateKey, RawJwk};
use crate::unverified::Parts;

/// A key that decrypts tokens of one key management and one content encryption. Cloning is cheap; `Debug` shows no material.
#[derive(Clone)]
pub struct DecryptionKey {
    public: EncryptionKey,
    private: Arc<Private>,
    /// The private JWK, for storing.
    jwk: Arc<Zeroizing<String>>,
}

enum Private {
    Direct(Zeroizing<Vec<u8>>),
    Agreement(AgreementCurve, agreement::PrivateKey),
    Rsa(OaepPrivateDecryptingKey),
}

impl DecryptionKey {
    /// Generates a key for ECDH-ES on X25519, with its thumbprint as key id.
    pub fn generate_x25519(content: ContentEncryption) -> Result<Self, KeyError> {
        Self::generate_agreement(AgreementCurve::X25519, content)
    }

    /// Generates a key for ECDH-ES on P-256, with its thumbprint as key id.
    pub fn generate_p256(content: ContentEncryption) -> Result<Self, KeyError> {
        Self::generate_agreement(AgreementCurve::P256, content)
    }

    /// Reads a private or symmetric JWK. It must have a `kid`, and `use`, `key_ops` and `alg` must allow encryption if they
    /// are there.
    pub fn from_jwk_json(json: &[u8], content: ContentEncryption) -> Result<Self, KeyError> {
        let raw = RawJwk::from_json(json)?;
        let jwk = Zeroizing::new(String::from_utf8_lossy(json).into_owned());
        let public = raw.public_members()?;
        let (public, private) = match raw.kty.as_str() {
            "oct" => {
                check_use(
                    raw.use_.as_deref(),
                    raw.key_ops.as_deref(),
                    symmetric_alg(&raw, content),
                    KeyManagement::Direct,
                )?;
                let secret = raw.secret_bytes("k")?;
                let missing =
                    || KeyError::Jwk { problem: "an encryption key must have a \"kid\"".to_owned() };
                let key_id = public.kid.ok_or_else(missing)?;
                (EncryptionKey::from_secret(key_id, &secret, content)?, Private::Direct(secret))
            }
            "RSA" => {
                let der = PrivateKey::from_jwk(Algorithm::Rs256, &raw)?.to_der();
                let inconsistent = || KeyError::Inconsistent { kind: "RSA" };
                let key = PrivateDecryptingKey::from_pkcs8(&der.ok_or_else(inconsistent)?)
                    .map_err(|_| inconsistent())?;
                let key = OaepPrivateDecryptingKey::new(key).map_err(|_| inconsistent())?;
                (EncryptionKey::from_jwk(&public, content)?, Private::Rsa(key))
            }
            _ => {
                let private = agreement_private(&raw, &public)?;
                (EncryptionKey::from_jwk(&public, content)?, private)
            }
        };
        Ok(Self { public, private: Arc::new(private), jwk: Arc::new(jwk) })
    }

    /// Returns the private JWK for storing at rest. Encrypt it before it leaves the process.
    pub fn to_private_jwk_json(&self) -> Zeroizing<String> {
        Zeroizing::clone(&self.jwk)
    }

    /// Returns the key that encrypts to this one, under the same key id.
    pub fn encryption_key(&self) -> EncryptionKey {
        self.public.clone()
    }

    /// Returns the key id.
    pub fn key_id(&self) -> &KeyId {
        self.public.key_id()
    }

    /// Decrypts a token to the signed token inside, which is still to be verified.
    ///
    /// A wrong key, a changed byte and a padding that does not fit all give the same error.
    pub fn decrypt(&self, token: &str) -> Result<NestedToken, JweError> {
        let parts = Compact::split(token)?;
        let header = Header::parse(parts.header)?;
        self.decrypt_parts(&header, &parts)
    }

    fn generate_agreement(curve: AgreementCurve, content: ContentEncryption) -> Result<Self, KeyError> {
        use aws_lc_rs::encoding::{AsBigEndian as _, Curve25519SeedBin, EcPrivateKeyBin};
        let key = agreement::PrivateKey::generate(curve.algorithm()).map_err(|_| KeyError::Generation)?;
        let point = key.compute_public_key().map_err(|_| KeyError::Generation)?;
        let secret = match curve {
            AgreementCurve::P256 => {
                let bytes: Result<EcPrivateKeyBin<'_>, _> = key.as_be_bytes();
                bytes.map(|bytes| base64url::encode(bytes.as_ref()))
            }
            AgreementCurve::X25519 => {
                let bytes: Result<Curve25519SeedBin<'_>, _> = key.as_be_bytes();
                bytes.map(|bytes| base64url::encode(bytes.as_ref()))
            }
        };
        let secret = Zeroizing::new(secret.map_err(|_| KeyError::Generation)?);
        let members = curve.members_of(point.as_ref());
        let digest = digest::digest(&digest::SHA256, format!("{{{members}}}").as_bytes());
        let kid = base64url::encode(digest.as_ref());
        let json = format!(r#"{{{members},"use":"enc","alg":"ECDH-ES","kid":"{kid}","d":"{}"}}"#, *secret);
        Self::from_jwk_json(Zeroizing::new(json).as_bytes(), content)
    }

    fn decrypt_parts(&self, header: &Header, parts: &Compact<'_>) -> Result<NestedToken, JweError> {
        let wrong = |name, expected: &'static str, actual: &str| JweError::WrongAlgorithm {
            name,
            expected,
            actual: actual.to_owned(),
        };
        let (alg, enc) = (self.public.management().name(), self.public.content.name());
        if header.alg != alg {
            return Err(wrong("alg", alg, &header.alg));
        }
        if header.enc != enc {
            return Err(wrong("enc", enc, &header.enc));
        }
        if header.kid.as_deref().is_some_and(|kid| kid != self.key_id().as_str()) {
            return Err(JweError::UnknownKey { kid: header.kid.clone() });
        }
        let bytes = |part, text| base64url::decode(text).ok_or(JweError::Base64 { part });
        let encrypted_key = bytes("encrypted key", parts.encrypted_key)?;
        let nonce = bytes("initialisation vector", parts.nonce)?;
        let text = bytes("ciphertext", parts.ciphertext)?;
        let tag = bytes("authentication tag", parts.tag)?;
        let content_key = self.content_key(header, &encrypted_key)?;
        let text = self.public.content.open(&content_key, &nonce, parts.header, text, &tag)?;
        let signed = String::from_utf8(text).map_err(|_| JweError::NotNested)?;
        if Parts::of(&signed).is_err() {
            return Err(JweError::NotNested);
        }
        Ok(NestedToken(signed))
    }

    fn content_key(&self, header: &Header, encrypted_key: &[u8]) -> Result<Zeroizing<Vec<u8>>, JweError> {
        let content = self.public.content;
        match &*self.private {
            Private::Direct(key) if encrypted_key.is_empty() => Ok(key.clone()),
            Private::Agreement(curve, key) if encrypted_key.is_empty() => {
                let Some((_, point)) = header.epk.as_ref().filter(|(other, _)| other == curve) else {
                    let problem = format!("\"epk\" must be a key on {}", curve.name());
                    return Err(JweError::Header { problem });
                };
                let peer = UnparsedPublicKey::new(curve.algorithm(), point);
                agreement::agree(key, peer, JweError::Decryption, |secret| {
                    kdf::derive(secret, content, &header.apu, &header.apv).ok_or(JweError::Decryption)
                })
            }
            // RFC 7518 §4.5 and §4.6: nothing is transported, so the part must be empty.
            Private::Direct(_) | Private::Agreement(..) => Err(JweError::Decryption),
            Private::Rsa(key) => {
                let mut out = Zeroizing::new(vec![0; key.min_output_size()]);
                let decrypted = key.decrypt(&OAEP_SHA256_MGF1SHA256, encrypted_key, &mut out, None);
                let decrypted = decrypted.map_err(|_| JweError::Decryption)?;
                Ok(Zeroizing::new(decrypted.to_vec()))
            }
        }
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Decryption keys found by key id, for rotation.
#[derive(Clone, Debug, Default)]
pub struct DecryptionKeys {
    keys: Arc<[DecryptionKey]>,
}

impl DecryptionKeys {
    /// Creates a set. Two keys with one id are refused.
    pub fn new(keys: impl IntoIterator<Item = DecryptionKey>) -> Result<Self, KeyError> {
        let mut keys: Vec<DecryptionKey> = keys.into_iter().collect();
        keys.sort_by(|a, b| a.key_id().cmp(b.key_id()));
        if let Some(pair) = keys.windows(2).find(|pair| pair[0].key_id() == pair[1].key_id()) {
            return Err(KeyError::DuplicateKeyId { kid: pair[0].key_id().clone() });
        }
        Ok(Self { keys: keys.into() })
    }

    /// Decrypts a token with the key it names; without a `kid`, with the only key.
    pub fn decrypt(&self, token: &str) -> Result<NestedToken, JweError> {
        let parts = Compact::split(token)?;
        let header = Header::parse(parts.header)?;
        let key = match (header.kid.as_deref(), &*self.keys) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(kid), keys) => keys.iter().find(|key| key.key_id().as_str() == kid),
        };
        let key = key.ok_or_else(|| JweError::UnknownKey { kid: header.kid.clone() })?;
        key.decrypt_parts(&header, &parts)
    }
}

/// What was inside an encrypted token: a signed token, nothing of it verified.
#[derive(Clone)]
pub struct NestedToken(String);

impl NestedToken {
    /// Returns the signed token's text, to be handed to a [`Validator`](crate::Validator).
    pub fn as_unverified_str(&self) -> &str {
        &self.0
    }

    /// Returns the same without a copy.
    pub fn into_unverified_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for NestedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NestedToken([redacted])")
    }
}

/// The five parts of the compact form (RFC 7516 §7.1).
struct Compact<'a> {
    header: &'a str,
    encrypted_key: &'a str,
    nonce: &'a str,
    ciphertext: &'a str,
    tag: &'a str,
}

impl<'a> Compact<'a> {
    fn split(token: &'a str) -> Result<Self, JweError> {
        if token.len() > MAX_ENCRYPTED_LEN {
            return Err(JweError::TooLong { limit: MAX_ENCRYPTED_LEN, actual: token.len() });
        }
        let parts: Vec<&str> = token.split('.').take(6).collect();
        let [header, encrypted_key, nonce, ciphertext, tag] = parts[..] else {
            return Err(match token.split('.').count() {
                3 => JweError::NotEncrypted,
                actual => JweError::NotFiveParts { actual },
            });
        };
        Ok(Self { header, encrypted_key, nonce, ciphertext, tag })
    }
}

fn agreement_private(raw: &RawJwk, public: &Jwk) -> Result<Private, KeyError> {
    let (curve, point) = AgreementCurve::point_of(public)?;
    let inconsistent = || KeyError::Inconsistent { kind: curve.name() };
    let secret = raw.secret_bytes("d")?;
    let key =
        agreement::PrivateKey::from_private_key(curve.algorithm(), &secret).map_err(|_| inconsistent())?;
    let own = key.compute_public_key().map_err(|_| inconsistent())?;
    if own.as_ref() != point.as_slice() {
        return Err(inconsistent());
    }
    Ok(Private::Agreement(curve, key))
}

/// Symmetric JWKs name the content encryption in `alg` (RFC 7520 §3.6), or `dir`.
fn symmetric_alg(raw: &RawJwk, content: ContentEncryption) -> Option<&str> {
    raw.alg.as_deref().filter(|alg| *alg != content.name())
}
