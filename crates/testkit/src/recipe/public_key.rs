//! The forms in which a public key lies around: each has served somebody as an HMAC secret.

use base64_simd::URL_SAFE_NO_PAD;
use handstamp_token::Jwk;

use super::der;
use super::material::Missing;

/// Returns the bytes of a form.
pub(super) fn form(jwk: &Jwk, form: &str) -> Result<Vec<u8>, Missing> {
    let unknown = || Missing::PublicForm { form: form.to_owned() };
    let (kind, trim) = match form.strip_suffix("-no-newline") {
        Some(kind) => (kind, true),
        None => (form, false),
    };
    let mut bytes = match kind {
        "spki-der" => spki(jwk).ok_or_else(unknown)?,
        "spki-pem" => pem("PUBLIC KEY", &spki(jwk).ok_or_else(unknown)?),
        "spki-base64" => base64_simd::STANDARD.encode_to_string(spki(jwk).ok_or_else(unknown)?).into(),
        "pkcs1-der" => pkcs1(jwk).ok_or_else(unknown)?,
        "pkcs1-pem" => pem("RSA PUBLIC KEY", &pkcs1(jwk).ok_or_else(unknown)?),
        "jwk" => serde_json::to_vec(jwk).map_err(|_| unknown())?,
        "jwk-required" => required_members(jwk).ok_or_else(unknown)?.into_bytes(),
        "jwks" => serde_json::to_vec(&serde_json::json!({ "keys": [jwk] })).map_err(|_| unknown())?,
        // What a hurried reader of a JWK takes for "the key".
        "raw" => raw(jwk).ok_or_else(unknown)?,
        "raw-base64url" => jwk.n.as_ref().or(jwk.x.as_ref()).ok_or_else(unknown)?.as_bytes().to_vec(),
        _ => return Err(unknown()),
    };
    if trim {
        bytes.truncate(bytes.trim_ascii_end().len());
    }
    Ok(bytes)
}

/// `SubjectPublicKeyInfo` (RFC 5280 §4.1).
pub(super) fn spki(jwk: &Jwk) -> Option<Vec<u8>> {
    let (algorithm, key) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => (vec![der::oid(der::OID_RSA), der::null()], pkcs1(jwk)?),
        ("EC", Some(curve)) => {
            let curve = match curve {
                "P-256" => der::OID_P256,
                "P-384" => der::OID_P384,
                "P-521" => der::OID_P521,
                _ => return None,
            };
            (vec![der::oid(der::OID_EC), der::oid(curve)], raw(jwk)?)
        }
        ("OKP", Some("Ed25519")) => (vec![der::oid(der::OID_ED25519)], raw(jwk)?),
        _ => return None,
    };
    Some(der::sequence(&[der::sequence(&algorithm), der::bit_string(&key)]))
}

/// `RSAPublicKey` (RFC 8017 §A.1.1).
fn pkcs1(jwk: &Jwk) -> Option<Vec<u8>> {
    let (n, e) = (decoded(jwk.n.as_deref())?, decoded(jwk.e.as_deref())?);
    Some(der::sequence(&[der::unsigned(&n), der::unsigned(&e)]))
}

/// The modulus, the uncompressed point, or the 32 bytes of Ed25519.
fn raw(jwk: &Jwk) -> Option<Vec<u8>> {
    match jwk.kty.as_str() {
        "RSA" => decoded(jwk.n.as_deref()),
        "EC" => Some([vec![4], decoded(jwk.x.as_deref())?, decoded(jwk.y.as_deref())?].concat()),
        "OKP" => decoded(jwk.x.as_deref()),
        _ => None,
    }
}

/// The text that the thumbprint of RFC 7638 is made of.
fn required_members(jwk: &Jwk) -> Option<String> {
    Some(match jwk.kty.as_str() {
        "RSA" => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, jwk.e.as_ref()?, jwk.n.as_ref()?),
        "EC" => {
            let (crv, x, y) = (jwk.crv.as_ref()?, jwk.x.as_ref()?, jwk.y.as_ref()?);
            format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
        }
        "OKP" => format!(r#"{{"crv":"{}","kty":"OKP","x":"{}"}}"#, jwk.crv.as_ref()?, jwk.x.as_ref()?),
        _ => return None,
    })
}

/// RFC 7468, with 64 characters a line and a line break at the end.
fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let base64 = base64_simd::STANDARD.encode_to_string(der);
    let mut body = String::new();
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        body.push_str(line);
        body.push('\n');
        rest = more;
    }
    format!("-----BEGIN {label}-----\n{body}-----END {label}-----\n").into_bytes()
}

fn decoded(member: Option<&str>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode_to_vec(member?).ok()
}

#[cfg(test)]
mod tests {
    use handstamp_token::{Algorithm, SigningKey, VerifyingKey};

    use super::*;

    #[test]
    fn what_is_written_as_a_public_key_is_read_as_this_public_key() {
        for algorithm in
            [Algorithm::Rs256, Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa]
        {
            let key = SigningKey::generate(algorithm).unwrap().verifying_key();
            let jwk = key.to_jwk().unwrap();
            let read = |bytes: Vec<u8>| {
                VerifyingKey::from_pem(algorithm, &String::from_utf8(bytes).unwrap())
                    .unwrap()
                    .to_jwk()
                    .unwrap()
            };

            assert_eq!(read(form(&jwk, "spki-pem").unwrap()).thumbprint(), jwk.thumbprint(), "{algorithm}");
            if algorithm == Algorithm::Rs256 {
                assert_eq!(read(form(&jwk, "pkcs1-pem").unwrap()).thumbprint(), jwk.thumbprint());
            } else {
                assert!(form(&jwk, "pkcs1-pem").is_err());
            }
        }
    }
}
