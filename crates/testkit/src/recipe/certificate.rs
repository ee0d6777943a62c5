//! A certificate that somebody else has signed for themselves, for headers that bring one along (`x5c`).

use handstamp_token::{Algorithm, SigningKey, dangerous};

use super::material::Missing;
use super::{der, public_key, sign};

const OID_SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const OID_ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const OID_ECDSA_WITH_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
const OID_ECDSA_WITH_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];

/// Returns the certificate in base64, as `x5c` has it (RFC 7515 §4.1.6).
pub(super) fn of(key: &SigningKey) -> Result<String, Missing> {
    let impossible = || Missing::Algorithm { alg: key.algorithm().name().to_owned() };
    // An RSA key signs certificates the old way whatever it signs tokens with.
    let key = match key.algorithm() {
        Algorithm::Rs384 | Algorithm::Rs512 | Algorithm::Ps256 | Algorithm::Ps384 | Algorithm::Ps512 => {
            &SigningKey::from_der(Algorithm::Rs256, &key.to_private_der()).map_err(|_| impossible())?
        }
        _ => key,
    };
    let algorithm = der::sequence(&match key.algorithm() {
        Algorithm::Rs256 => vec![der::oid(OID_SHA256_WITH_RSA), der::null()],
        Algorithm::Es256 => vec![der::oid(OID_ECDSA_WITH_SHA256)],
        Algorithm::Es384 => vec![der::oid(OID_ECDSA_WITH_SHA384)],
        Algorithm::Es512 => vec![der::oid(OID_ECDSA_WITH_SHA512)],
        Algorithm::EdDsa | Algorithm::Ed25519 => vec![der::oid(der::OID_ED25519)],
        _ => return Err(impossible()),
    });
    let spki = key.verifying_key().to_jwk().as_ref().and_then(public_key::spki).ok_or_else(impossible)?;
    let name = der::sequence(&[der::set(&[der::sequence(&[
        der::oid(der::OID_COMMON_NAME),
        der::utf8("handstamp test kit"),
    ])])]);
    let validity = der::sequence(&[der::time("20200101000000Z"), der::time("20991231235959Z")]);
    let body = der::sequence(&[
        der::tagged(0, &der::unsigned(&[2])),
        der::unsigned(&[1]),
        algorithm.clone(),
        name.clone(),
        validity,
        name,
        spki,
    ]);
    let signature = dangerous::sign_bytes(key, &body).ok_or(Missing::Crypto)?;
    let signature = match key.algorithm() {
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => sign::ecdsa_der(&signature),
        _ => signature,
    };
    Ok(base64_simd::STANDARD.encode_to_string(der::sequence(&[body, algorithm, der::bit_string(&signature)])))
}

#[cfg(test)]
mod tests {
    use handstamp_token::VerifyingKey;

    use super::*;

    #[test]
    fn the_certificate_holds_the_key() {
        for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa] {
            let key = SigningKey::generate(algorithm).unwrap();

            let der = base64_simd::STANDARD.decode_to_vec(of(&key).unwrap()).unwrap();

            let read = VerifyingKey::from_der(algorithm, &der).unwrap();
            let thumbprint = |key: &VerifyingKey| key.to_jwk().unwrap().thumbprint();
            assert_eq!(thumbprint(&read), thumbprint(&key.verifying_key()), "{algorithm}");
        }
    }
}
