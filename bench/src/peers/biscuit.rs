//! biscuit on ring.

use std::sync::Arc;

use biscuit::jwa::SignatureAlgorithm;
use biscuit::jws::{Header, RegisteredHeader, Secret};
use biscuit::{
    ClaimPresenceOptions, ClaimsSet, CompactJson, Empty, JWT, Presence, RegisteredClaims, SingleOrMultiple,
    TemporalOptions, Timestamp, Validation, ValidationOptions,
};
use chrono::{DateTime, Duration, Utc};
use handstamp_token::Algorithm;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair};

use super::{Work, working};
use crate::fixture::{AUDIENCE, Fixture, ISSUER, KEY_ID, Own, TYPE};
use crate::race::Contestant;
use crate::{Outcome, failed};

const NAME: &str = "biscuit 0.8";

impl CompactJson for Own {}

pub(super) fn contestant(work: Work, fixture: &Fixture) -> Outcome<Option<Contestant<'_>>> {
    let algorithm = match fixture.algorithm {
        Algorithm::Hs256 => SignatureAlgorithm::HS256,
        Algorithm::Rs256 => SignatureAlgorithm::RS256,
        Algorithm::Ps256 => SignatureAlgorithm::PS256,
        Algorithm::Es256 => SignatureAlgorithm::ES256,
        _ => return Ok(None),
    };
    match work {
        Work::Verify => verify(algorithm, fixture),
        Work::Sign => sign(algorithm, fixture),
    }
}

fn verify(algorithm: SignatureAlgorithm, fixture: &Fixture) -> Outcome<Option<Contestant<'_>>> {
    let secret = match algorithm {
        SignatureAlgorithm::HS256 => Secret::Bytes(fixture.private_der.clone()),
        _ => Secret::PublicKey(fixture.public_raw.clone()),
    };
    let options = ValidationOptions {
        claim_presence_options: ClaimPresenceOptions {
            expiry: Presence::Required,
            issuer: Presence::Required,
            audience: Presence::Required,
            ..ClaimPresenceOptions::default()
        },
        temporal_options: TemporalOptions { epsilon: Duration::seconds(30), now: None },
        issuer: Validation::Validate(ISSUER.to_owned()),
        audience: Validation::Validate(AUDIENCE.to_owned()),
        ..ValidationOptions::default()
    };
    working(NAME, move || {
        let token = JWT::<Own, Empty>::new_encoded(&fixture.token).into_decoded(&secret, algorithm)?;
        // The library takes its options by value.
        token.validate(options.clone())?;
        Ok::<_, biscuit::errors::Error>(token)
    })
}

fn sign(algorithm: SignatureAlgorithm, fixture: &Fixture) -> Outcome<Option<Contestant<'_>>> {
    let der = &fixture.private_der;
    let unreadable = || failed("biscuit: preparing the key");
    let secret = match algorithm {
        SignatureAlgorithm::HS256 => Secret::Bytes(der.clone()),
        SignatureAlgorithm::ES256 => {
            let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new());
            Secret::EcdsaKeyPair(Arc::new(key.map_err(unreadable())?))
        }
        _ => Secret::RsaKeyPair(Arc::new(RsaKeyPair::from_pkcs8(der).map_err(unreadable())?)),
    };
    let header: Header<Empty> = RegisteredHeader {
        algorithm,
        media_type: Some(TYPE.to_owned()),
        key_id: Some(KEY_ID.to_owned()),
        ..RegisteredHeader::default()
    }
    .into();
    let all = fixture.claims.split();
    let time = |seconds| DateTime::<Utc>::from_timestamp(seconds, 0).map(Timestamp::from);
    let claims = ClaimsSet {
        registered: RegisteredClaims {
            issuer: Some(all.iss),
            subject: Some(all.sub),
            audience: Some(SingleOrMultiple::Single(all.aud)),
            expiry: time(all.exp),
            issued_at: time(all.iat),
            id: Some(all.jti),
            not_before: None,
        },
        private: all.own,
    };
    working(NAME, move || {
        let token = JWT::new_decoded(header.clone(), claims.clone()).into_encoded(&secret)?;
        Ok::<_, biscuit::errors::Error>(token.unwrap_encoded().to_string())
    })
}
