//! The token everybody verifies, and the keys it is signed with.

use std::time::{Duration, SystemTime};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{self, KeyPair as _};
use handstamp_token::{Algorithm, KeyId, SigningKey, UnixTime};
use serde::{Deserialize, Serialize};

use crate::{Outcome, failed};

/// `iss` of the token.
pub const ISSUER: &str = "https://auth.example.com";
/// `aud` of the token.
pub const AUDIENCE: &str = "https://api.example.com";
/// `kid` of the token.
pub const KEY_ID: &str = "2026-11-signing-key-1";
/// `typ` of the token.
pub const TYPE: &str = "at+jwt";

/// Eleven claims, 334 bytes of JSON: what an access token of a signed-in person with an organisation holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the registered names")]
pub struct Claims {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub exp: i64,
    pub iat: i64,
    pub jti: String,
    #[serde(flatten)]
    pub own: Own,
}

/// The claims that libraries with a fixed type for the registered ones take apart from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "claims of the product, explained there")]
pub struct Own {
    pub client_id: String,
    pub sid: String,
    pub org_id: String,
    pub roles: Vec<String>,
    pub preferred_username: String,
}

/// The same eleven claims as one flat struct: what a caller of a typed verifier would write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the same names")]
pub struct FlatClaims {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub exp: i64,
    pub iat: i64,
    pub jti: String,
    pub client_id: String,
    pub sid: String,
    pub org_id: String,
    pub roles: Vec<String>,
    pub preferred_username: String,
}

impl FlatClaims {
    /// The claims of every token here, valid for an hour from now.
    pub fn new(now: UnixTime) -> Self {
        Self {
            iss: ISSUER.to_owned(),
            sub: "01890a5d-ac96-774b-bcce-b302099a8057".to_owned(),
            aud: AUDIENCE.to_owned(),
            exp: now.as_secs() + 3600,
            iat: now.as_secs(),
            jti: "tR3mJ9wLq0yKzP5vXe8Ng".to_owned(),
            client_id: "web".to_owned(),
            sid: "Y2xvdWQtc2Vzc2lvbi0x".to_owned(),
            org_id: "org_5f1c2a7be03d41c8a".to_owned(),
            roles: ["editor", "buyer", "reporter"].map(str::to_owned).to_vec(),
            preferred_username: "margaret.hamilton".to_owned(),
        }
    }

    /// The same, with the registered claims apart.
    pub fn split(&self) -> Claims {
        let all = self.clone();
        Claims {
            iss: all.iss,
            sub: all.sub,
            aud: all.aud,
            exp: all.exp,
            iat: all.iat,
            jti: all.jti,
            own: Own {
                client_id: all.client_id,
                sid: all.sid,
                org_id: all.org_id,
                roles: all.roles,
                preferred_username: all.preferred_username,
            },
        }
    }
}

/// One algorithm's key in the forms that libraries ask for, and the token signed with it.
pub struct Fixture {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Our key.
    pub key: SigningKey,
    /// PKCS#8 as DER, or the raw secret.
    pub private_der: Vec<u8>,
    /// PKCS#8 as PEM; empty for a secret.
    pub private_pem: String,
    /// What ring and aws-lc call the public key: a point, 32 bytes, or PKCS#1.
    pub public_raw: Vec<u8>,
    /// SPKI as PEM; empty for a secret.
    pub public_pem: String,
    /// The claims inside the token.
    pub claims: FlatClaims,
    /// The signed token.
    pub token: String,
}

impl Fixture {
    /// Draws a key and signs the token.
    pub fn new(algorithm: Algorithm) -> Outcome<Self> {
        let key = SigningKey::generate(algorithm).map_err(failed("generating a key"))?;
        let key = key.with_key_id(KeyId::new(KEY_ID).map_err(failed("naming the key"))?);
        let private_der = key.to_private_der().to_vec();
        let (public_raw, public_pem) = public_forms(algorithm, &private_der)?;
        let claims = FlatClaims::new(now());
        let token = key.sign(TYPE, &claims).map_err(failed("signing the token"))?;
        let private_pem =
            if algorithm.is_symmetric() { String::new() } else { pem("PRIVATE KEY", &private_der) };
        Ok(Self { algorithm, key, private_der, private_pem, public_raw, public_pem, claims, token })
    }

    /// Returns the three parts: what was signed, and the decoded signature.
    pub fn signed(&self) -> (&[u8], Vec<u8>) {
        let (input, signature) = self.token.rsplit_once('.').unwrap_or_default();
        let signature = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(signature).unwrap_or_default();
        (input.as_bytes(), signature)
    }
}

/// Reads the clock, as a caller of a verifier does for every token.
pub fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    UnixTime::from_secs(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

fn public_forms(algorithm: Algorithm, der: &[u8]) -> Outcome<(Vec<u8>, String)> {
    let unreadable = || failed("reading the key back");
    let spki = |key: Result<PublicKeyX509Der<'static>, _>| {
        let key =
            key.map_err(|_: aws_lc_rs::error::Unspecified| "writing the public key failed".to_owned())?;
        Ok::<_, String>(pem("PUBLIC KEY", key.as_ref()))
    };
    match algorithm {
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => {
            let alg = match algorithm {
                Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
                Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
                _ => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
            };
            let pair = signature::EcdsaKeyPair::from_pkcs8(alg, der).map_err(unreadable())?;
            Ok((pair.public_key().as_ref().to_vec(), spki(pair.public_key().as_der())?))
        }
        Algorithm::EdDsa | Algorithm::Ed25519 => {
            let pair = signature::Ed25519KeyPair::from_pkcs8(der).map_err(unreadable())?;
            Ok((pair.public_key().as_ref().to_vec(), spki(pair.public_key().as_der())?))
        }
        _ if algorithm.is_symmetric() => Ok((der.to_vec(), String::new())),
        _ => {
            let pair = signature::RsaKeyPair::from_pkcs8(der).map_err(unreadable())?;
            Ok((pair.public_key().as_ref().to_vec(), spki(pair.public_key().as_der())?))
        }
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64_simd::STANDARD.encode_to_string(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for start in (0..text.len()).step_by(64) {
        out.push_str(&text[start..text.len().min(start + 64)]);
        out.push('\n');
    }
    out + &format!("-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_one_of_the_published_figures() {
        let claims = FlatClaims::new(UnixTime::from_secs(1_800_000_000));
        let json = serde_json::to_string(&claims).unwrap();
        assert_eq!(json.len(), 334, "{json}");
        assert_eq!(serde_json::to_value(&claims).unwrap().as_object().unwrap().len(), 11);
        assert_eq!(serde_json::to_string(&claims.split()).unwrap(), json);
    }
}
