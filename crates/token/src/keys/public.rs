//! Public key material in one normal form, whatever it came in.

use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};

use super::{KeyError, der, edwards};
use crate::algorithm::Algorithm;

/// The parts of a public key, unchecked until [`PublicParts::prepare`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicParts {
    /// Modulus and exponent, big-endian, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// The uncompressed point `04 || x || y`.
    Ec { curve: Curve, point: Vec<u8> },
    /// The 32 bytes of RFC 8032.
    Ed25519 { x: Vec<u8> },
    /// The raw FIPS 204 public key.
    #[cfg(feature = "ml-dsa")]
    MlDsa { algorithm: Algorithm, key: Vec<u8> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(super) const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Returns the length of one coordinate in bytes.
    pub(super) const fn coordinate_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// Returns the one algorithm of RFC 7518 §3.4 for this curve.
    pub(super) const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
        }
    }
}

const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

impl PublicParts {
    /// Returns what kind of key this is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "an RSA key",
            Self::Ec { curve: Curve::P256, .. } => "an EC key on P-256",
            Self::Ec { curve: Curve::P384, .. } => "an EC key on P-384",
            Self::Ec { curve: Curve::P521, .. } => "an EC key on P-521",
            Self::Ed25519 { .. } => "an Ed25519 key",
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa { algorithm, .. } => algorithm.key_kind(),
        }
    }

    /// Returns the algorithm to assume when nobody names one. An RSA key alone does not say; RS256 is what every issuer
    /// must offer (OpenID Connect Discovery §3).
    pub(super) fn default_algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::Rs256,
            Self::Ec { curve, .. } => curve.algorithm(),
            Self::Ed25519 { .. } => Algorithm::EdDsa,
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa { algorithm, .. } => *algorithm,
        }
    }

    /// Checks the key for `algorithm` and parses it once, for all verifications to come.
    pub(crate) fn prepare(&self, algorithm: Algorithm) -> Result<ParsedPublicKey, KeyError> {
        self.check_kind(algorithm)?;
        match self {
            Self::Rsa { n, e } => {
                check_rsa(n, e)?;
                let parts = [der::write_unsigned(n), der::write_unsigned(e)].concat();
                parse(algorithm, &der::write(der::tag::SEQUENCE, &parts))
                    .ok_or(KeyError::Inconsistent { kind: "RSA" })
            }
            Self::Ec { curve, point } => {
                let invalid = KeyError::InvalidPoint { curve: curve.name() };
                if point.len() != 1 + 2 * curve.coordinate_len() || point.first() != Some(&4) {
                    return Err(invalid);
                }
                parse(algorithm, point).ok_or(invalid)
            }
            Self::Ed25519 { x } => {
                let invalid = KeyError::InvalidPoint { curve: "Ed25519" };
                if !<&[u8; 32]>::try_from(x.as_slice()).is_ok_and(edwards::is_usable) {
                    return Err(invalid);
                }
                parse(algorithm, x).ok_or(invalid)
            }
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa { key, .. } => parse(algorithm, key).ok_or(KeyError::Inconsistent { kind: "ML-DSA" }),
        }
    }

    fn check_kind(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        let fits = match self {
            Self::Rsa { .. } => matches!(
                algorithm,
                Algorithm::Rs256
                    | Algorithm::Rs384
                    | Algorithm::Rs512
                    | Algorithm::Ps256
                    | Algorithm::Ps384
                    | Algorithm::Ps512
            ),
            Self::Ec { curve, .. } => algorithm == curve.algorithm(),
            Self::Ed25519 { .. } => matches!(algorithm, Algorithm::EdDsa | Algorithm::Ed25519),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa { algorithm: own, .. } => algorithm == *own,
        };
        if fits { Ok(()) } else { Err(KeyError::WrongKind { algorithm, actual: self.kind() }) }
    }
}

/// Checks size and exponent of an RSA key, whose parts have no leading zeros.
pub(super) fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), KeyError> {
    let leading = n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = n.len() * 8 - leading;
    if !RSA_BITS.contains(&bits) {
        return Err(KeyError::RsaSize { bits });
    }
    // A public exponent of 3 turns sloppy padding checks elsewhere into forgeries; everyone uses 65537.
    let large_enough = e.len() >= 3 && e[0] != 0;
    let odd = e.last().is_some_and(|byte| byte & 1 == 1);
    if large_enough && odd { Ok(()) } else { Err(KeyError::RsaExponent) }
}

fn parse(algorithm: Algorithm, bytes: &[u8]) -> Option<ParsedPublicKey> {
    ParsedPublicKey::new(verification(algorithm)?, bytes).ok()
}

fn verification(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match algorithm {
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => return None,
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
        Algorithm::Es512 => &signature::ECDSA_P521_SHA512_FIXED,
        Algorithm::EdDsa | Algorithm::Ed25519 => &signature::ED25519,
        #[cfg(feature = "ml-dsa")]
        Algorithm::MlDsa44 => &signature::ML_DSA_44,
        #[cfg(feature = "ml-dsa")]
        Algorithm::MlDsa65 => &signature::ML_DSA_65,
        #[cfg(feature = "ml-dsa")]
        Algorithm::MlDsa87 => &signature::ML_DSA_87,
    })
}
