//! jwt-compact on the RustCrypto crates.

use chrono::{DateTime, Utc};
use handstamp_token::Algorithm;
use jwt_compact::alg::{Ed25519, Es256, Hs256, Hs256Key, Rsa, RsaPrivateKey, RsaPublicKey};
use jwt_compact::{AlgorithmExt, Claims, Header, TimeOptions, UntrustedToken};
use p256::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use serde::{Deserialize, Serialize};

use super::{Work, working};
use crate::fixture::{AUDIENCE, Fixture, ISSUER, KEY_ID, Own, TYPE};
use crate::race::Contestant;
use crate::{Outcome, failed};

const NAME: &str = "jwt-compact 0.8";

const PREPARING: &str = "jwt-compact: preparing the key";

/// All claims but the times, which the library has fields for.
#[derive(Clone, Serialize, Deserialize)]
struct Custom {
    iss: String,
    sub: String,
    aud: String,
    jti: String,
    #[serde(flatten)]
    own: Own,
}

pub(super) fn contestant(work: Work, fixture: &Fixture) -> Outcome<Option<Contestant<'_>>> {
    let (private, public) = (&fixture.private_pem, &fixture.public_pem);
    match fixture.algorithm {
        Algorithm::Hs256 => {
            let key = || Hs256Key::from(fixture.private_der.as_slice());
            with_keys(work, Hs256, key(), key(), fixture)
        }
        Algorithm::Rs256 | Algorithm::Ps256 => {
            let rsa = if fixture.algorithm == Algorithm::Rs256 { Rsa::rs256() } else { Rsa::ps256() };
            let signing = RsaPrivateKey::from_pkcs8_pem(private).map_err(failed(PREPARING))?;
            let verifying = RsaPublicKey::from_public_key_pem(public).map_err(failed(PREPARING))?;
            with_keys(work, rsa, signing, verifying, fixture)
        }
        Algorithm::Es256 => {
            let signing = p256::ecdsa::SigningKey::from_pkcs8_pem(private).map_err(failed(PREPARING))?;
            let verifying =
                p256::ecdsa::VerifyingKey::from_public_key_pem(public).map_err(failed(PREPARING))?;
            with_keys(work, Es256, signing, verifying, fixture)
        }
        Algorithm::EdDsa => {
            let signing = ed25519_dalek::SigningKey::from_pkcs8_pem(private).map_err(failed(PREPARING))?;
            let verifying =
                ed25519_dalek::VerifyingKey::from_public_key_pem(public).map_err(failed(PREPARING))?;
            with_keys(work, Ed25519, signing, verifying, fixture)
        }
        _ => Ok(None),
    }
}

fn with_keys<'a, A: jwt_compact::Algorithm + 'a>(
    work: Work,
    algorithm: A,
    signing: A::SigningKey,
    verifying: A::VerifyingKey,
    fixture: &'a Fixture,
) -> Outcome<Option<Contestant<'a>>>
where
    A::SigningKey: 'a,
    A::VerifyingKey: 'a,
{
    match work {
        Work::Verify => {
            let times = TimeOptions::from_leeway(chrono::Duration::seconds(30));
            working(NAME, move || {
                let token = UntrustedToken::new(&fixture.token).map_err(|error| error.to_string())?;
                let token = algorithm.validator::<Custom>(&verifying).validate(&token);
                let token = token.map_err(|error| error.to_string())?;
                let claims = token.claims();
                let fresh = claims.validate_expiration(&times).is_ok();
                if !fresh || claims.custom.iss != ISSUER || claims.custom.aud != AUDIENCE {
                    return Err("the claims were refused".to_owned());
                }
                Ok(token)
            })
        }
        Work::Sign => {
            let header = Header::empty().with_key_id(KEY_ID).with_token_type(TYPE);
            let all = fixture.claims.split();
            let custom = Custom { iss: all.iss, sub: all.sub, aud: all.aud, jti: all.jti, own: all.own };
            let mut claims = Claims::new(custom);
            claims.expiration = DateTime::<Utc>::from_timestamp(all.exp, 0);
            claims.issued_at = DateTime::<Utc>::from_timestamp(all.iat, 0);
            working(NAME, move || algorithm.token(&header, &claims, &signing))
        }
    }
}
