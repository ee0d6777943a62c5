//! jsonwebtoken on aws-lc-rs.

use std::str::FromStr;

use jsonwebtoken::errors::Error;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};

use super::{Work, working};
use crate::Outcome;
use crate::fixture::{AUDIENCE, Fixture, FlatClaims, ISSUER, KEY_ID, TYPE};
use crate::race::Contestant;

const NAME: &str = "jsonwebtoken 11.1 (aws_lc_rs)";

pub(super) fn contestant(work: Work, fixture: &Fixture) -> Outcome<Option<Contestant<'_>>> {
    let Ok(algorithm) = Algorithm::from_str(fixture.algorithm.name()) else { return Ok(None) };
    let (encoding, decoding) = keys(algorithm, fixture).map_err(|error| format!("{NAME}: {error}"))?;
    match work {
        Work::Verify => {
            let mut validation = Validation::new(algorithm);
            validation.set_issuer(&[ISSUER]);
            validation.set_audience(&[AUDIENCE]);
            validation.leeway = 30;
            working(NAME, move || decode::<FlatClaims>(&fixture.token, &decoding, &validation))
        }
        Work::Sign => {
            let header =
                Header { kid: Some(KEY_ID.to_owned()), typ: Some(TYPE.to_owned()), ..Header::new(algorithm) };
            working(NAME, move || encode(&header, &fixture.claims, &encoding))
        }
    }
}

fn keys(algorithm: Algorithm, fixture: &Fixture) -> Result<(EncodingKey, DecodingKey), Error> {
    let (private, public) = (fixture.private_pem.as_bytes(), fixture.public_pem.as_bytes());
    Ok(match algorithm {
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => {
            (EncodingKey::from_secret(&fixture.private_der), DecodingKey::from_secret(&fixture.private_der))
        }
        Algorithm::ES256 | Algorithm::ES384 => {
            (EncodingKey::from_ec_pem(private)?, DecodingKey::from_ec_pem(public)?)
        }
        Algorithm::EdDSA => (EncodingKey::from_ed_pem(private)?, DecodingKey::from_ed_pem(public)?),
        _ => (EncodingKey::from_rsa_pem(private)?, DecodingKey::from_rsa_pem(public)?),
    })
}
