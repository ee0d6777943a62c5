//! The floor: the primitive of aws-lc-rs on a prepared key, without base64, JSON or rules.

use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, ParsedPublicKey, RsaEncoding, RsaKeyPair,
    VerificationAlgorithm,
};
use aws_lc_rs::{hmac, rand};
use handstamp_token::Algorithm;

use super::{Work, working};
use crate::fixture::Fixture;
use crate::race::Contestant;
use crate::{Outcome, failed};

const NAME: &str = "floor: aws-lc-rs";

pub(super) fn contestant(work: Work, fixture: &Fixture) -> Outcome<Option<Contestant<'_>>> {
    match work {
        Work::Verify => working(NAME, verification(fixture)?),
        Work::Sign => sign(fixture),
    }
}

/// Returns one verification of the fixture's signature.
pub fn verification(fixture: &Fixture) -> Outcome<Box<dyn Fn() -> Outcome + Send + '_>> {
    let (message, tag) = fixture.signed();
    let refused = |_| "the signature was refused".to_owned();
    if let Some(algorithm) = hmac_algorithm(fixture.algorithm) {
        let key = hmac::Key::new(algorithm, &fixture.private_der);
        return Ok(Box::new(move || hmac::verify(&key, message, &tag).map_err(refused)));
    }
    let algorithm = verification_algorithm(fixture.algorithm)?;
    let key = ParsedPublicKey::new(algorithm, &fixture.public_raw).map_err(failed("preparing the key"))?;
    Ok(Box::new(move || key.verify_sig(message, &tag).map_err(refused)))
}

fn sign(fixture: &Fixture) -> Outcome<Option<Contestant<'_>>> {
    let (message, _) = fixture.signed();
    let der = &fixture.private_der;
    let random = rand::SystemRandom::new();
    let unreadable = || failed("preparing the key");
    if let Some(algorithm) = hmac_algorithm(fixture.algorithm) {
        let key = hmac::Key::new(algorithm, der);
        return working(NAME, move || Ok::<_, String>(hmac::sign(&key, message)));
    }
    if let Some(algorithm) = ecdsa(fixture.algorithm) {
        let key = EcdsaKeyPair::from_pkcs8(algorithm, der).map_err(unreadable())?;
        return working(NAME, move || key.sign(&random, message));
    }
    if let Some(padding) = rsa(fixture.algorithm) {
        let key = RsaKeyPair::from_pkcs8(der).map_err(unreadable())?;
        let mut signature = vec![0; key.public_modulus_len()];
        return working(NAME, move || key.sign(padding, &random, message, &mut signature));
    }
    let key = Ed25519KeyPair::from_pkcs8(der).map_err(unreadable())?;
    working(NAME, move || key.try_sign(message))
}

fn hmac_algorithm(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    Some(match algorithm {
        Algorithm::Hs256 => hmac::HMAC_SHA256,
        Algorithm::Hs384 => hmac::HMAC_SHA384,
        Algorithm::Hs512 => hmac::HMAC_SHA512,
        _ => return None,
    })
}

fn ecdsa(algorithm: Algorithm) -> Option<&'static EcdsaSigningAlgorithm> {
    Some(match algorithm {
        Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        Algorithm::Es512 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        _ => return None,
    })
}

fn rsa(algorithm: Algorithm) -> Option<&'static dyn RsaEncoding> {
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

fn verification_algorithm(algorithm: Algorithm) -> Outcome<&'static dyn VerificationAlgorithm> {
    Ok(match algorithm {
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
        other => return Err(format!("no floor for {other}")),
    })
}
