use aws_lc_rs::agreement;

use crate::base64url;
use crate::keys::{Jwk, KeyError};

/// How the content key travels (RFC 7518 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyManagement {
    /// Both sides share the content key. One key, at most 2^32 tokens: their nonces are drawn at random.
    Direct,
    /// A fresh key agreement with the receiver's public key for each token.
    EcdhEs,
    /// A fresh content key, encrypted to the receiver's RSA key.
    RsaOaep256,
}

impl KeyManagement {
    /// Returns the registered name, as it stands in `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "dir",
            Self::EcdhEs => "ECDH-ES",
            Self::RsaOaep256 => "RSA-OAEP-256",
        }
    }
}

/// The curves of `ECDH-ES` here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AgreementCurve {
    P256,
    X25519,
}

impl AgreementCurve {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::X25519 => "X25519",
        }
    }

    pub(super) fn algorithm(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &agreement::ECDH_P256,
            Self::X25519 => &agreement::X25519,
        }
    }

    /// Returns the curve and public point of a JWK: `04 || x || y`, or the 32 bytes of X25519.
    pub(super) fn point_of(jwk: &Jwk) -> Result<(Self, Vec<u8>), KeyError> {
        let (curve, coordinates): (_, &[_]) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("EC", Some("P-256")) => (Self::P256, &[("x", &jwk.x), ("y", &jwk.y)]),
            ("OKP", Some("X25519")) => (Self::X25519, &[("x", &jwk.x)]),
            (kty, crv) => {
                let problem =
                    format!("key agreement needs EC on P-256 or OKP on X25519, this is {kty} on {crv:?}");
                return Err(KeyError::Jwk { problem });
            }
        };
        let mut point = if curve == Self::P256 { vec![4] } else { Vec::new() };
        for (name, coordinate) in coordinates {
            let bytes = coordinate.as_deref().and_then(base64url::decode).filter(|bytes| bytes.len() == 32);
            let bytes = bytes
                .ok_or_else(|| KeyError::Jwk { problem: format!("the member {name:?} must be 32 bytes") })?;
            point.extend(bytes);
        }
        Ok((curve, point))
    }

    /// Returns the required JWK members of a public point in lexical order, as RFC 7638 hashes them, without braces.
    pub(super) fn members_of(self, point: &[u8]) -> String {
        match self {
            Self::P256 => {
                let (x, y) = point.get(1..).unwrap_or_default().split_at(point.len() / 2);
                format!(
                    r#""crv":"P-256","kty":"EC","x":"{}","y":"{}""#,
                    base64url::encode(x),
                    base64url::encode(y)
                )
            }
            Self::X25519 => format!(r#""crv":"X25519","kty":"OKP","x":"{}""#, base64url::encode(point)),
        }
    }
}

/// Refuses a JWK meant for something else than encryption with this algorithm.
pub(super) fn check_use(
    use_: Option<&str>,
    key_ops: Option<&[String]>,
    alg: Option<&str>,
    management: KeyManagement,
) -> Result<(), KeyError> {
    const OPERATIONS: [&str; 6] = ["encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"];
    if use_.is_some_and(|use_| use_ != "enc") {
        return Err(KeyError::ForbiddenUse { operation: "encryption", member: "use" });
    }
    if key_ops.is_some_and(|ops| !ops.iter().any(|op| OPERATIONS.contains(&op.as_str()))) {
        return Err(KeyError::ForbiddenUse { operation: "encryption", member: "key_ops" });
    }
    match alg {
        Some(alg) if alg != management.name() => Err(KeyError::UnknownAlgorithm { alg: alg.to_owned() }),
        _ => Ok(()),
    }
}
