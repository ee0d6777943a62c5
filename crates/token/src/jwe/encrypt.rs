use std::fmt;
use std::sync::Arc;

use aws_lc_rs::agreement::{self, UnparsedPublicKey};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use zeroize::Zeroizing;

use super::content::NONCE_LEN;
use super::key::{AgreementCurve, KeyManagement, check_use};
use super::{ContentEncryption, JweError, kdf};
use crate::algorithm::Algorithm;
use crate::base64url;
use crate::entropy::Entropy;
use crate::keys::{Jwk, KeyError, KeyId, PublicParts, RawJwk, known_weak_secret};
use crate::unverified::{MAX_TOKEN_LEN, Parts};

/// A receiver's key to encrypt tokens to. Prepared once; cloning is cheap.
#[derive(Clone)]
pub struct EncryptionKey {
    pub(super) key_id: KeyId,
    pub(super) content: ContentEncryption,
    pub(super) material: Arc<Recipient>,
}

pub(super) enum Recipient {
    Direct(Zeroizing<Vec<u8>>),
    Agreement { curve: AgreementCurve, point: Vec<u8> },
    Rsa(OaepPublicEncryptingKey),
}

impl EncryptionKey {
    /// Reads a public JWK for ECDH-ES (P-256 or X25519) or RSA-OAEP-256, or a symmetric one (`oct`) for `dir`.
    ///
    /// It must have a `kid`, and `use`, `key_ops` and `alg` must allow encryption if they are there.
    pub fn from_jwk_json(json: &[u8], content: ContentEncryption) -> Result<Self, KeyError> {
        let raw = RawJwk::from_json(json)?;
        if raw.kty == "oct" {
            return super::DecryptionKey::from_jwk_json(json, content).map(|key| key.encryption_key());
        }
        Self::from_jwk(&raw.try_into()?, content)
    }

    /// Prepares the secret that both sides share, for `dir`: 16 random bytes for A128GCM, 32 for A256GCM.
    pub fn from_secret(key_id: KeyId, secret: &[u8], content: ContentEncryption) -> Result<Self, KeyError> {
        if secret.len() != content.key_len() {
            let problem = format!("{} takes a key of exactly {} bytes", content.name(), content.key_len());
            return Err(KeyError::Jwk { problem });
        }
        if known_weak_secret(secret) {
            return Err(KeyError::WeakSecret { needed: content.key_len() });
        }
        let material = Arc::new(Recipient::Direct(Zeroizing::new(secret.to_vec())));
        Ok(Self { key_id, content, material })
    }

    /// Returns the key id.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// Returns how the content key travels.
    pub fn management(&self) -> KeyManagement {
        match &*self.material {
            Recipient::Direct(_) => KeyManagement::Direct,
            Recipient::Agreement { .. } => KeyManagement::EcdhEs,
            Recipient::Rsa(_) => KeyManagement::RsaOaep256,
        }
    }

    /// Returns how the content is encrypted.
    pub fn content(&self) -> ContentEncryption {
        self.content
    }

    /// Encrypts a signed token to this key.
    ///
    /// `entropy` gives the nonce and, for RSA, the content key; ephemeral key pairs come from the crypto crate's own
    /// system generator.
    pub fn encrypt(&self, signed: &str, entropy: &dyn Entropy) -> Result<String, JweError> {
        if signed.len() > MAX_TOKEN_LEN || Parts::of(signed).is_err() {
            return Err(JweError::NotSigned);
        }
        let drawn = self.draw_content_key(entropy)?;
        let header = self.header(drawn.epk.as_deref());
        let protected = base64url::encode(header.as_bytes());
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut text = signed.as_bytes().to_vec();
        let tag = self.content.seal(&drawn.key, nonce, &protected, &mut text)?;
        let parts = [
            protected,
            base64url::encode(&drawn.encrypted),
            base64url::encode(&nonce),
            base64url::encode(&text),
            base64url::encode(&tag),
        ];
        Ok(parts.join("."))
    }

    pub(super) fn from_jwk(jwk: &Jwk, content: ContentEncryption) -> Result<Self, KeyError> {
        let management = if jwk.kty == "RSA" { KeyManagement::RsaOaep256 } else { KeyManagement::EcdhEs };
        check_use(jwk.use_.as_deref(), jwk.key_ops.as_deref(), jwk.alg.as_deref(), management)?;
        let missing = || KeyError::Jwk { problem: "an encryption key must have a \"kid\"".to_owned() };
        let key_id = jwk.kid.clone().ok_or_else(missing)?;
        let material = Arc::new(if jwk.kty == "RSA" { rsa(&jwk.parts()?)? } else { agreement_key(jwk)? });
        Ok(Self { key_id, content, material })
    }

    fn draw_content_key(&self, entropy: &dyn Entropy) -> Result<ContentKey, JweError> {
        match &*self.material {
            Recipient::Direct(key) => Ok(ContentKey { key: key.clone(), encrypted: Vec::new(), epk: None }),
            Recipient::Agreement { curve, point } => {
                let ephemeral =
                    agreement::PrivateKey::generate(curve.algorithm()).map_err(|_| JweError::Crypto)?;
                let own = ephemeral.compute_public_key().map_err(|_| JweError::Crypto)?;
                let peer = UnparsedPublicKey::new(curve.algorithm(), point);
                let derive =
                    |secret: &[u8]| kdf::derive(secret, self.content, &[], &[]).ok_or(JweError::Crypto);
                let key = agreement::agree(&ephemeral, peer, JweError::Crypto, derive)?;
                Ok(ContentKey { key, encrypted: Vec::new(), epk: Some(curve.members_of(own.as_ref())) })
            }
            Recipient::Rsa(key) => {
                let mut content_key = Zeroizing::new(vec![0; self.content.key_len()]);
                entropy.fill(&mut content_key);
                let mut encrypted = vec![0; key.ciphertext_size()];
                key.encrypt(&OAEP_SHA256_MGF1SHA256, &content_key, &mut encrypted, None)
                    .map_err(|_| JweError::Crypto)?;
                Ok(ContentKey { key: content_key, encrypted, epk: None })
            }
        }
    }

    fn header(&self, epk: Option<&str>) -> String {
        let kid = serde_json::Value::from(self.key_id.as_str());
        let epk = epk.map(|members| format!(r#","epk":{{{members}}}"#)).unwrap_or_default();
        let (alg, enc) = (self.management().name(), self.content.name());
        format!(r#"{{"alg":"{alg}","enc":"{enc}","cty":"JWT","kid":{kid}{epk}}}"#)
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey")
            .field("key_id", &self.key_id)
            .field("management", &self.management())
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

/// The key for one token's content.
struct ContentKey {
    key: Zeroizing<Vec<u8>>,
    /// Its encrypted form; empty unless RSA carries it.
    encrypted: Vec<u8>,
    /// The JWK members of the ephemeral key, for ECDH-ES.
    epk: Option<String>,
}

fn rsa(parts: &PublicParts) -> Result<Recipient, KeyError> {
    let inconsistent = || KeyError::Inconsistent { kind: "RSA" };
    // Checks size and exponent, as for a signature key.
    let parsed = parts.prepare(Algorithm::Rs256)?;
    let der: PublicKeyX509Der<'_> = parsed.as_der().map_err(|_| inconsistent())?;
    let key = PublicEncryptingKey::from_der(der.as_ref()).map_err(|_| inconsistent())?;
    OaepPublicEncryptingKey::new(key).map(Recipient::Rsa).map_err(|_| inconsistent())
}

fn agreement_key(jwk: &Jwk) -> Result<Recipient, KeyError> {
    let (curve, point) = AgreementCurve::point_of(jwk)?;
    let invalid = || KeyError::InvalidPoint { curve: curve.name() };
    // An agreement to try it out refuses a point off the curve, or of so small an order that the secret would be known.
    let trial = agreement::PrivateKey::generate(curve.algorithm()).map_err(|_| KeyError::Generation)?;
    agreement::agree(&trial, UnparsedPublicKey::new(curve.algorithm(), &point), invalid(), |_| Ok(()))?;
    Ok(Recipient::Agreement { curve, point })
}
