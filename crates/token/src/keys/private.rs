//! Private keys of the crypto crate, from every form they come in.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPairComponents, KeySize};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair,
    RsaPublicKeyComponents,
};
#[cfg(feature = "ml-dsa")]
use aws_lc_rs::signature::{PqdsaKeyPair, PqdsaSigningAlgorithm};
use aws_lc_rs::{hmac, rand};
use zeroize::Zeroizing;

use super::import::{self, KeyKind};
use super::jwk::{RawJwk, SecretText};
use super::pem::Label;
use super::public::{Curve, PublicParts, check_rsa};
use super::{KeyError, secret};
use crate::algorithm::Algorithm;

/// A prepared private key or shared secret.
pub(crate) enum PrivateKey {
    Secret {
        key: Box<hmac::Key>,
        secret: Zeroizing<Vec<u8>>,
    },
    Ec(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
    #[cfg(feature = "ml-dsa")]
    MlDsa(Algorithm, PqdsaKeyPair),
}

impl PrivateKey {
    pub(super) fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Generation;
        match family(algorithm) {
            Family::Hmac => {
                let mut drawn = Zeroizing::new(vec![0; secret::drawn_len(algorithm)]);
                rand::fill(&mut drawn).map_err(failed)?;
                Self::from_secret(algorithm, &drawn)
            }
            Family::Rsa => RsaKeyPair::generate(KeySize::Rsa2048).map(Self::Rsa).map_err(failed),
            Family::Ec(curve) => {
                EcdsaKeyPair::generate(ecdsa(curve)).map(|key| Self::Ec(curve, key)).map_err(failed)
            }
            Family::Ed25519 => Ed25519KeyPair::generate().map(Self::Ed25519).map_err(failed),
            #[cfg(feature = "ml-dsa")]
            Family::MlDsa => PqdsaKeyPair::generate(ml_dsa(algorithm))
                .map(|key| Self::MlDsa(algorithm, key))
                .map_err(failed),
        }
    }

    pub(super) fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let key = secret::prepare(algorithm, secret)?;
        Ok(Self::Secret { key: Box::new(key), secret: Zeroizing::new(secret.to_vec()) })
    }

    pub(super) fn from_der(algorithm: Algorithm, label: Label, der: &[u8]) -> Result<Self, KeyError> {
        let kind = match label {
            Label::Pkcs8 => import::pkcs8_kind(der)?,
            Label::Pkcs1Private => KeyKind::Rsa,
            Label::Sec1 => match family(algorithm) {
                Family::Ec(curve) => KeyKind::Ec(curve),
                _ => return Err(KeyError::WrongKind { algorithm, actual: "an EC key" }),
            },
            Label::Spki | Label::Pkcs1Public | Label::Certificate => return Err(KeyError::PublicKey),
        };
        let inconsistent = |kind| move |_| KeyError::Inconsistent { kind };
        match (family(algorithm), kind) {
            (Family::Rsa, KeyKind::Rsa) => {
                let read = if label == Label::Pkcs8 { RsaKeyPair::from_pkcs8 } else { RsaKeyPair::from_der };
                read(der).map(Self::Rsa).map_err(inconsistent("RSA"))
            }
            (Family::Ec(wanted), KeyKind::Ec(curve)) if wanted == curve => {
                EcdsaKeyPair::from_private_key_der(ecdsa(curve), der)
                    .map(|key| Self::Ec(curve, key))
                    .map_err(inconsistent("EC"))
            }
            (Family::Ed25519, KeyKind::Ed25519) => {
                Ed25519KeyPair::from_pkcs8(der).map(Self::Ed25519).map_err(inconsistent("Ed25519"))
            }
            #[cfg(feature = "ml-dsa")]
            (Family::MlDsa, KeyKind::MlDsa(own)) if own == algorithm => {
                PqdsaKeyPair::from_pkcs8(ml_dsa(algorithm), der)
                    .map(|key| Self::MlDsa(algorithm, key))
                    .map_err(inconsistent("ML-DSA"))
            }
            (Family::Hmac, _) => Err(KeyError::WrongAlgorithm {
                algorithm,
                problem: "it takes a shared secret, not a key pair",
            }),
            _ => Err(KeyError::WrongKind { algorithm, actual: kind.name() }),
        }
    }

    pub(crate) fn from_jwk(algorithm: Algorithm, jwk: &RawJwk) -> Result<Self, KeyError> {
        if jwk.kty == "oct" {
            return Self::from_secret(algorithm, &member("k", jwk.k.as_ref())?);
        }
        if jwk.oth.is_some() {
            return Err(KeyError::Jwk {
                problem: "an RSA key with more than two primes is not supported".to_owned(),
            });
        }
        let parts = jwk.public_members()?.parts()?;
        // Checks kind, size and curve with the errors of a public key.
        parts.prepare(algorithm)?;
        match &parts {
            PublicParts::Rsa { n, e } => rsa_from_jwk(n, e, jwk),
            PublicParts::Ec { curve, point } => {
                let d = member("d", jwk.d.as_ref())?;
                EcdsaKeyPair::from_private_key_and_public_key(ecdsa(*curve), &d, point)
                    .map(|key| Self::Ec(*curve, key))
                    .map_err(|_| KeyError::Inconsistent { kind: "EC" })
            }
            PublicParts::Ed25519 { x } => {
                let d = member("d", jwk.d.as_ref())?;
                if d.len() != 32 {
                    return Err(KeyError::Inconsistent { kind: "Ed25519" });
                }
                Ed25519KeyPair::from_seed_and_public_key(&d, x)
                    .map(Self::Ed25519)
                    .map_err(|_| KeyError::Inconsistent { kind: "Ed25519" })
            }
            #[cfg(feature = "ml-dsa")]
            PublicParts::MlDsa { key, .. } => {
                let seed = member("priv", jwk.private.as_ref())?;
                let pair = PqdsaKeyPair::from_seed(ml_dsa(algorithm), &seed);
                let pair = pair.map_err(|_| KeyError::Inconsistent { kind: "ML-DSA" })?;
                if pair.public_key().as_ref() != key.as_slice() {
                    return Err(KeyError::Inconsistent { kind: "ML-DSA" });
                }
                Ok(Self::MlDsa(algorithm, pair))
            }
        }
    }

    /// Returns the public half, or `None` for a shared secret.
    pub(super) fn public_parts(&self) -> Option<PublicParts> {
        match self {
            Self::Secret { .. } => None,
            Self::Ec(curve, key) => {
                Some(PublicParts::Ec { curve: *curve, point: key.public_key().as_ref().to_vec() })
            }
            Self::Ed25519(key) => Some(PublicParts::Ed25519 { x: key.public_key().as_ref().to_vec() }),
            Self::Rsa(key) => import::rsa_public(key.public_key().as_ref()),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(algorithm, key) => {
                Some(PublicParts::MlDsa { algorithm: *algorithm, key: key.public_key().as_ref().to_vec() })
            }
        }
    }

    /// Returns PKCS#8, or the raw secret; `None` where the crypto crate cannot write the key.
    pub(crate) fn to_der(&self) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Secret { secret, .. } => Some(secret.clone()),
            Self::Ec(_, key) => {
                key.to_pkcs8v1().ok().map(|document| Zeroizing::new(document.as_ref().to_vec()))
            }
            Self::Ed25519(key) => {
                key.to_pkcs8v1().ok().map(|document| Zeroizing::new(document.as_ref().to_vec()))
            }
            Self::Rsa(key) => AsDer::<Pkcs8V1Der<'static>>::as_der(key)
                .ok()
                .map(|der| Zeroizing::new(der.as_ref().to_vec())),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(_, key) => {
                key.to_pkcs8v1().ok().map(|document| Zeroizing::new(document.as_ref().to_vec()))
            }
        }
    }

    /// Signs, or returns `None` where the crypto crate fails.
    pub(super) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Option<Signature> {
        let rng = rand::SystemRandom::new();
        match self {
            Self::Secret { key, .. } => {
                let mut tag = [0; MAX_SHORT_LEN];
                let len = hmac::sign_to_buffer(key, message, &mut tag).ok()?.len();
                Some(Signature::Short(tag, len))
            }
            Self::Ec(_, key) => Signature::short(key.sign(&rng, message).ok()?.as_ref()),
            Self::Ed25519(key) => Signature::short(key.try_sign(message).ok()?.as_ref()),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(rsa_encoding(algorithm)?, &rng, message, &mut signature).ok()?;
                Some(Signature::Long(signature))
            }
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(_, key) => {
                let mut signature = vec![0; key.algorithm().signature_len()];
                let len = key.sign(message, &mut signature).ok()?;
                signature.truncate(len);
                Some(Signature::Long(signature))
            }
        }
    }
}

/// The longest signature kept on the stack: ECDSA on P-521.
const MAX_SHORT_LEN: usize = 132;

/// A signature, on the stack where it is short.
pub(crate) enum Signature {
    Short([u8; MAX_SHORT_LEN], usize),
    Long(Vec<u8>),
}

impl Signature {
    fn short(bytes: &[u8]) -> Option<Self> {
        let mut buffer = [0; MAX_SHORT_LEN];
        buffer.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self::Short(buffer, bytes.len()))
    }
}

impl AsRef<[u8]> for Signature {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Short(buffer, len) => buffer.get(..*len).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Hmac,
    Rsa,
    Ec(Curve),
    Ed25519,
    #[cfg(feature = "ml-dsa")]
    MlDsa,
}

fn family(algorithm: Algorithm) -> Family {
    match algorithm {
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => Family::Hmac,
        Algorithm::Es256 => Family::Ec(Curve::P256),
        Algorithm::Es384 => Family::Ec(Curve::P384),
        Algorithm::Es512 => Family::Ec(Curve::P521),
        Algorithm::EdDsa | Algorithm::Ed25519 => Family::Ed25519,
        Algorithm::Rs256
        | Algorithm::Rs384
        | Algorithm::Rs512
        | Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512 => Family::Rsa,
        #[cfg(feature = "ml-dsa")]
        Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87 => Family::MlDsa,
    }
}

fn ecdsa(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}

#[cfg(feature = "ml-dsa")]
fn ml_dsa(algorithm: Algorithm) -> &'static PqdsaSigningAlgorithm {
    match algorithm {
        Algorithm::MlDsa44 => &signature::ML_DSA_44_SIGNING,
        Algorithm::MlDsa65 => &signature::ML_DSA_65_SIGNING,
        _ => &signature::ML_DSA_87_SIGNING,
    }
}

fn rsa_encoding(algorithm: Algorithm) -> Option<&'static dyn RsaEncoding> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_SHA512,
        _ => return None,
    })
}

#[expect(clippy::many_single_char_names, reason = "the names of RFC 7518 §6.3")]
fn rsa_from_jwk(n: &[u8], e: &[u8], jwk: &RawJwk) -> Result<PrivateKey, KeyError> {
    check_rsa(n, e)?;
    let secret = |name, value: &Option<SecretText>| member(name, value.as_ref());
    let (d, p, q) = (secret("d", &jwk.d)?, secret("p", &jwk.p)?, secret("q", &jwk.q)?);
    let (dp, dq, qi) = (secret("dp", &jwk.dp)?, secret("dq", &jwk.dq)?, secret("qi", &jwk.qi)?);
    let components = KeyPairComponents {
        public_key: RsaPublicKeyComponents { n, e },
        d: d.as_slice(),
        p: p.as_slice(),
        q: q.as_slice(),
        dP: dp.as_slice(),
        dQ: dq.as_slice(),
        qInv: qi.as_slice(),
    };
    RsaKeyPair::from_components(&components)
        .map(PrivateKey::Rsa)
        .map_err(|_| KeyError::Inconsistent { kind: "RSA" })
}

fn member(name: &'static str, value: Option<&SecretText>) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    match value {
        Some(text) => text.decode().ok_or_else(|| KeyError::Jwk {
            problem: format!("the member {name:?} is not canonical unpadded base64url"),
        }),
        // The member is what makes the key private, and RSA keys here need their CRT members too.
        None if name == "d" || name == "priv" => Err(KeyError::PublicKey),
        None => Err(KeyError::Jwk { problem: format!("the member {name:?} is missing") }),
    }
}
