//! From DER structures to key parts.

use super::KeyError;
use super::der::{Reader, tag};
use super::pem::Label;
use super::public::{Curve, PublicParts};

const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
#[cfg(feature = "ml-dsa")]
const ML_DSA: [(&[u8], crate::Algorithm); 3] = [
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11], crate::Algorithm::MlDsa44),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12], crate::Algorithm::MlDsa65),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13], crate::Algorithm::MlDsa87),
];

/// The kind of key an `AlgorithmIdentifier` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Rsa,
    Ec(Curve),
    Ed25519,
    #[cfg(feature = "ml-dsa")]
    MlDsa(crate::Algorithm),
}

impl KeyKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rsa => "an RSA key",
            Self::Ec(curve) => curve.algorithm().key_kind(),
            Self::Ed25519 => "an Ed25519 key",
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(algorithm) => algorithm.key_kind(),
        }
    }
}

/// Tells the DER structures for keys apart by their shape.
pub(super) fn sniff(der: &[u8]) -> Result<Label, KeyError> {
    let mut outer = Reader::new(der);
    let mut inner = outer.sequence().ok_or(KeyError::Der { problem: "it does not start with a SEQUENCE" })?;
    if !outer.is_empty() {
        return Err(KeyError::Der { problem: "bytes follow its end" });
    }
    let unknown = KeyError::Der { problem: "it is no key or certificate that we know" };
    match inner.element() {
        Some((tag::INTEGER, [1])) if inner.next_is(tag::OCTET_STRING) => Ok(Label::Sec1),
        Some((tag::INTEGER, [0 | 1])) if inner.next_is(tag::SEQUENCE) => Ok(Label::Pkcs8),
        Some((tag::INTEGER, [0])) if inner.next_is(tag::INTEGER) => Ok(Label::Pkcs1Private),
        Some((tag::INTEGER, _)) if inner.next_is(tag::INTEGER) => Ok(Label::Pkcs1Public),
        Some((tag::SEQUENCE, _)) if inner.next_is(tag::BIT_STRING) => Ok(Label::Spki),
        Some((tag::SEQUENCE, _)) if inner.next_is(tag::SEQUENCE) => Ok(Label::Certificate),
        _ => Err(unknown),
    }
}

/// Reads the public key of an SPKI, PKCS#1 or certificate structure.
pub(super) fn public(label: Label, der: &[u8]) -> Result<PublicParts, KeyError> {
    match label {
        Label::Spki => spki(der),
        Label::Pkcs1Public => rsa_public(der).ok_or(KeyError::Der { problem: "it is not an RSAPublicKey" }),
        Label::Certificate => spki(
            spki_of_certificate(der).ok_or(KeyError::Der { problem: "it is not an X.509 certificate" })?,
        ),
        Label::Pkcs8 | Label::Sec1 | Label::Pkcs1Private => Err(KeyError::PrivateKey),
    }
}

/// Returns the kind of key inside a PKCS#8 structure (RFC 5958).
pub(super) fn pkcs8_kind(der: &[u8]) -> Result<KeyKind, KeyError> {
    let problem = KeyError::Der { problem: "it is not a PKCS#8 private key" };
    let identifier = || {
        let mut info = Reader::new(der).sequence()?;
        info.read(tag::INTEGER)?;
        info.sequence()
    };
    algorithm(identifier().ok_or(problem)?)
}

/// Reads `SubjectPublicKeyInfo` (RFC 5280 §4.1).
fn spki(der: &[u8]) -> Result<PublicParts, KeyError> {
    let read = || {
        let mut outer = Reader::new(der);
        let mut info = outer.sequence()?;
        let identifier = info.sequence()?;
        let key = info.whole_bits()?;
        (outer.is_empty() && info.is_empty()).then_some((identifier, key))
    };
    let (identifier, key) = read().ok_or(KeyError::Der { problem: "it is not a SubjectPublicKeyInfo" })?;
    match algorithm(identifier)? {
        KeyKind::Rsa => rsa_public(key).ok_or(KeyError::Der { problem: "its RSAPublicKey is malformed" }),
        KeyKind::Ec(curve) => Ok(PublicParts::Ec { curve, point: key.to_vec() }),
        KeyKind::Ed25519 => Ok(PublicParts::Ed25519 { x: key.to_vec() }),
        #[cfg(feature = "ml-dsa")]
        KeyKind::MlDsa(algorithm) => Ok(PublicParts::MlDsa { algorithm, key: key.to_vec() }),
    }
}

/// Reads `RSAPublicKey` (RFC 8017 §A.1.1).
pub(super) fn rsa_public(der: &[u8]) -> Option<PublicParts> {
    let mut outer = Reader::new(der);
    let mut inner = outer.sequence()?;
    let (n, e) = (inner.unsigned()?, inner.unsigned()?);
    (outer.is_empty() && inner.is_empty()).then(|| PublicParts::Rsa { n: n.to_vec(), e: e.to_vec() })
}

/// Returns the SPKI inside a certificate (RFC 5280 §4.1), unverified: the certificate serves as a wrapping of a key that
/// the caller trusts, no chain, name or date of it counts.
fn spki_of_certificate(der: &[u8]) -> Option<&[u8]> {
    let mut outer = Reader::new(der);
    let mut certificate = outer.sequence()?;
    let mut tbs = certificate.sequence()?;
    if tbs.next_is(tag::CONTEXT_0) {
        tbs.element()?;
    }
    tbs.read(tag::INTEGER)?;
    // signature algorithm, issuer, validity, subject
    for _ in 0..4 {
        tbs.read(tag::SEQUENCE)?;
    }
    outer.is_empty().then_some(())?;
    tbs.raw(tag::SEQUENCE)
}

fn algorithm(mut identifier: Reader<'_>) -> Result<KeyKind, KeyError> {
    let oid = identifier.read(tag::OID).ok_or(KeyError::Der { problem: "it names no algorithm" })?;
    match oid {
        RSA_ENCRYPTION if identifier.is_empty() || identifier.next_is(tag::NULL) => Ok(KeyKind::Rsa),
        ED25519 if identifier.is_empty() => Ok(KeyKind::Ed25519),
        EC_PUBLIC_KEY => match identifier.read(tag::OID) {
            Some(P256) => Ok(KeyKind::Ec(Curve::P256)),
            Some(P384) => Ok(KeyKind::Ec(Curve::P384)),
            Some(P521) => Ok(KeyKind::Ec(Curve::P521)),
            _ => Err(KeyError::Der { problem: "its curve is not P-256, P-384 or P-521" }),
        },
        #[cfg(feature = "ml-dsa")]
        oid if ML_DSA.iter().any(|(known, _)| *known == oid) => ML_DSA
            .iter()
            .find(|(known, _)| *known == oid)
            .map(|(_, algorithm)| KeyKind::MlDsa(*algorithm))
            .ok_or(KeyError::Der { problem: "it names no algorithm" }),
        _ => Err(KeyError::Der { problem: "its key algorithm is not RSA, EC or Ed25519" }),
    }
}
