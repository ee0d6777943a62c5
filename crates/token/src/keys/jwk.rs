//! JWK and JWK Set (RFC 7517, RFC 8037, RFC 9864): the public form, and a raw form that may hold secrets.

use std::fmt;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

use super::key_id::KeyId;
use super::public::{Curve, PublicParts};
use super::{KeyError, thumbprint};
use crate::algorithm::Algorithm;
use crate::base64url;
use crate::json::{Document, Limits};

/// A public JSON Web Key ([RFC 7517]). It cannot hold a secret: reading one with a private or symmetric member fails.
///
/// [RFC 7517]: https://www.rfc-editor.org/rfc/rfc7517
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawJwk")]
#[non_exhaustive]
pub struct Jwk {
    /// Key type: `EC`, `RSA`, `OKP` or `AKP`.
    pub kty: String,
    /// Public key use, `sig` or `enc`.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
    /// The operations the key is meant for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_ops: Option<Vec<String>>,
    /// The one algorithm the key is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// The key's name in token headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<KeyId>,
    /// Curve, for `EC` and `OKP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// The point's x coordinate, or the whole public key for `OKP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// The point's y coordinate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// RSA modulus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// RSA public exponent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// The public key of an `AKP` key.
    #[serde(rename = "pub", skip_serializing_if = "Option::is_none")]
    pub public: Option<String>,
}

impl Jwk {
    /// Reads one public JWK from its JSON text, strictly: duplicate members and secrets are refused.
    pub fn from_json(json: &[u8]) -> Result<Self, KeyError> {
        RawJwk::from_json(json)?.try_into()
    }

    /// Returns the SHA-256 thumbprint of [RFC 7638] in base64url.
    ///
    /// [RFC 7638]: https://www.rfc-editor.org/rfc/rfc7638
    pub fn thumbprint(&self) -> Result<String, KeyError> {
        Ok(thumbprint::public(&self.parts()?))
    }

    pub(super) fn of(parts: &PublicParts) -> Self {
        let mut jwk = Self {
            kty: String::new(),
            use_: None,
            key_ops: None,
            alg: None,
            kid: None,
            crv: None,
            x: None,
            y: None,
            n: None,
            e: None,
            public: None,
        };
        match parts {
            PublicParts::Rsa { n, e } => {
                "RSA".clone_into(&mut jwk.kty);
                jwk.n = Some(base64url::encode(n));
                jwk.e = Some(base64url::encode(e));
            }
            PublicParts::Ec { curve, point } => {
                let (x, y) = point[1..].split_at(curve.coordinate_len());
                "EC".clone_into(&mut jwk.kty);
                jwk.crv = Some(curve.name().to_owned());
                jwk.x = Some(base64url::encode(x));
                jwk.y = Some(base64url::encode(y));
            }
            PublicParts::Ed25519 { x } => {
                "OKP".clone_into(&mut jwk.kty);
                jwk.crv = Some("Ed25519".to_owned());
                jwk.x = Some(base64url::encode(x));
            }
            #[cfg(feature = "ml-dsa")]
            PublicParts::MlDsa { algorithm, key } => {
                "AKP".clone_into(&mut jwk.kty);
                jwk.alg = Some(algorithm.name().to_owned());
                jwk.public = Some(base64url::encode(key));
            }
        }
        jwk
    }

    pub(crate) fn parts(&self) -> Result<PublicParts, KeyError> {
        match self.kty.as_str() {
            "RSA" => Ok(PublicParts::Rsa {
                n: unsigned("n", self.n.as_deref())?,
                e: unsigned("e", self.e.as_deref())?,
            }),
            "EC" => {
                let curve = Curve::ALL.into_iter().find(|curve| Some(curve.name()) == self.crv.as_deref());
                let curve = curve.ok_or_else(|| unsupported("crv", self.crv.as_deref()))?;
                let mut point = vec![4];
                for (name, coordinate) in [("x", &self.x), ("y", &self.y)] {
                    point.extend(fixed(name, coordinate.as_deref(), curve.coordinate_len())?);
                }
                Ok(PublicParts::Ec { curve, point })
            }
            "OKP" if self.crv.as_deref() == Some("Ed25519") => {
                Ok(PublicParts::Ed25519 { x: fixed("x", self.x.as_deref(), 32)? })
            }
            "OKP" => Err(unsupported("crv", self.crv.as_deref())),
            #[cfg(feature = "ml-dsa")]
            "AKP" => {
                let algorithm = self.algorithm()?.filter(|algorithm| {
                    matches!(algorithm, Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87)
                });
                Ok(PublicParts::MlDsa {
                    algorithm: algorithm.ok_or_else(|| unsupported("alg", self.alg.as_deref()))?,
                    key: bytes("pub", self.public.as_deref())?,
                })
            }
            other => Err(unsupported("kty", Some(other))),
        }
    }

    /// Returns the algorithm in `alg`, or `None` without one.
    pub(super) fn algorithm(&self) -> Result<Option<Algorithm>, KeyError> {
        self.alg.as_deref().map(algorithm_named).transpose()
    }

    /// Refuses a key whose `use` or `key_ops` does not include `operation`.
    pub(super) fn check_use(&self, operation: &'static str) -> Result<(), KeyError> {
        check_use(self.use_.as_deref(), self.key_ops.as_deref(), operation)
    }
}

/// A public JWK Set ([RFC 7517 §5]), for publishing at `jwks_uri`.
///
/// For verifying, read a set with [`KeySet::from_jwks_json`](super::KeySet::from_jwks_json), which copes with keys of
/// foreign kinds.
///
/// [RFC 7517 §5]: https://www.rfc-editor.org/rfc/rfc7517#section-5
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwks {
    /// The keys, in order.
    pub keys: Vec<Jwk>,
}

/// The longest accepted JWK or JWK Set. The largest real sets are below 100 kB.
pub(super) const MAX_JSON_LEN: usize = 512 * 1024;

/// JWKs are flat; only foreign members nest.
pub(super) const LIMITS: Limits = Limits { depth: 8, children: 1024 };

/// Parses key JSON within its limits.
pub(super) fn document(json: &[u8]) -> Result<Document<'_>, KeyError> {
    if json.len() > MAX_JSON_LEN {
        return Err(KeyError::Jwk { problem: format!("it is longer than {MAX_JSON_LEN} bytes") });
    }
    Document::parse(json, LIMITS).map_err(|problem| KeyError::Jwk { problem: problem.to_string() })
}

/// A JWK as it comes, perhaps with secrets in it.
#[derive(Debug, Deserialize)]
pub(crate) struct RawJwk {
    pub(crate) kty: String,
    #[serde(rename = "use")]
    pub(crate) use_: Option<String>,
    pub(crate) key_ops: Option<Vec<String>>,
    pub(crate) alg: Option<String>,
    pub(super) kid: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    #[serde(rename = "pub")]
    public: Option<String>,
    pub(super) d: Option<SecretText>,
    pub(super) p: Option<SecretText>,
    pub(super) q: Option<SecretText>,
    pub(super) dp: Option<SecretText>,
    pub(super) dq: Option<SecretText>,
    pub(super) qi: Option<SecretText>,
    pub(super) k: Option<SecretText>,
    #[serde(rename = "priv")]
    pub(super) private: Option<SecretText>,
    pub(super) oth: Option<IgnoredAny>,
}

impl RawJwk {
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, KeyError> {
        let document = document(json)?;
        document.root().deserialize().map_err(|problem| KeyError::Jwk { problem: problem.to_string() })
    }

    /// Returns the public members, without looking at the others.
    pub(crate) fn public_members(&self) -> Result<Jwk, KeyError> {
        Ok(Jwk {
            kty: self.kty.clone(),
            use_: self.use_.clone(),
            key_ops: self.key_ops.clone(),
            alg: self.alg.clone(),
            kid: self.kid.clone().map(KeyId::new).transpose()?,
            crv: self.crv.clone(),
            x: self.x.clone(),
            y: self.y.clone(),
            n: self.n.clone(),
            e: self.e.clone(),
            public: self.public.clone(),
        })
    }

    /// Returns the bytes of the secret member `d` or `k`.
    #[cfg(feature = "jwe")]
    pub(crate) fn secret_bytes(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let text = if name == "k" { &self.k } else { &self.d };
        let text = text.as_ref().ok_or(KeyError::PublicKey)?;
        text.decode()
            .ok_or_else(|| KeyError::Jwk { problem: format!("the member {name:?} is not base64url") })
    }

    pub(super) fn secret_member(&self) -> Option<&'static str> {
        let members = [
            ("d", &self.d),
            ("p", &self.p),
            ("q", &self.q),
            ("dp", &self.dp),
            ("dq", &self.dq),
            ("qi", &self.qi),
            ("k", &self.k),
            ("priv", &self.private),
        ];
        let secret = members.into_iter().find(|(_, value)| value.is_some()).map(|(name, _)| name);
        secret.or(self.oth.as_ref().map(|_| "oth"))
    }
}

impl TryFrom<RawJwk> for Jwk {
    type Error = KeyError;

    fn try_from(raw: RawJwk) -> Result<Self, KeyError> {
        match raw.secret_member() {
            Some(member) => Err(KeyError::SecretMember { member }),
            None => raw.public_members(),
        }
    }
}

/// The base64url text of a secret member, wiped when dropped.
pub(crate) struct SecretText(Zeroizing<String>);

impl SecretText {
    pub(super) fn decode(&self) -> Option<Zeroizing<Vec<u8>>> {
        base64url::decode(&self.0).map(Zeroizing::new)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

/// Returns the signature algorithm with this name.
pub(super) fn algorithm_named(name: &str) -> Result<Algorithm, KeyError> {
    Algorithm::from_name(name).ok_or_else(|| KeyError::UnknownAlgorithm { alg: name.to_owned() })
}

pub(super) fn check_use(
    use_: Option<&str>,
    key_ops: Option<&[String]>,
    operation: &'static str,
) -> Result<(), KeyError> {
    if use_.is_some_and(|use_| use_ != "sig") {
        return Err(KeyError::ForbiddenUse { operation, member: "use" });
    }
    if key_ops.is_some_and(|ops| !ops.iter().any(|op| op == operation)) {
        return Err(KeyError::ForbiddenUse { operation, member: "key_ops" });
    }
    Ok(())
}

fn bytes(name: &str, text: Option<&str>) -> Result<Vec<u8>, KeyError> {
    let text = text.ok_or_else(|| KeyError::Jwk { problem: format!("the member {name:?} is missing") })?;
    base64url::decode(text).ok_or_else(|| KeyError::Jwk {
        problem: format!("the member {name:?} is not canonical unpadded base64url"),
    })
}

fn fixed(name: &str, text: Option<&str>, len: usize) -> Result<Vec<u8>, KeyError> {
    let bytes = bytes(name, text)?;
    if bytes.len() == len {
        Ok(bytes)
    } else {
        Err(KeyError::Jwk {
            problem: format!("the member {name:?} has {} bytes instead of {len}", bytes.len()),
        })
    }
}

/// Reads a `Base64urlUInt` (RFC 7518 §2): big-endian, no leading zero.
fn unsigned(name: &str, text: Option<&str>) -> Result<Vec<u8>, KeyError> {
    let bytes = bytes(name, text)?;
    match bytes.first() {
        Some(first) if *first != 0 => Ok(bytes),
        _ => {
            Err(KeyError::Jwk { problem: format!("the member {name:?} is empty or starts with a zero byte") })
        }
    }
}

fn unsupported(member: &str, value: Option<&str>) -> KeyError {
    let problem = match value {
        Some(value) => format!("the {member:?} {value:?} is not supported for signatures"),
        None => format!("the member {member:?} is missing"),
    };
    KeyError::Jwk { problem }
}
