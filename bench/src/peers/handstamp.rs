//! Ourselves.

use std::time::Duration;

use handstamp_token::{KeySet, SystemEntropy, TokenBuilder, Validator};

use super::{Work, working};
use crate::fixture::{AUDIENCE, Fixture, FlatClaims, ISSUER, TYPE, now};
use crate::race::Contestant;
use crate::{Outcome, failed};

/// Our row.
pub const NAME: &str = "handstamp-token";
/// Our row for the builder, which draws `jti`, sets the times and refuses claims that are set twice.
pub const BUILDER: &str = "handstamp-token, builder";

pub(super) fn contestant(work: Work, fixture: &Fixture) -> Outcome<Option<Contestant<'_>>> {
    match work {
        Work::Verify => {
            let keys = KeySet::new([fixture.key.verifying_key()]).map_err(failed("preparing the keys"))?;
            let validator = Validator::access_token(ISSUER, AUDIENCE, &[fixture.algorithm]);
            let validator = validator.map_err(failed("building the validator"))?;
            working(NAME, move || validator.verify::<FlatClaims>(&fixture.token, &keys, now()))
        }
        Work::Sign => working(NAME, move || fixture.key.sign(TYPE, &fixture.claims)),
    }
}

pub(super) fn builder(work: Work, fixture: &Fixture) -> Outcome<Option<Contestant<'_>>> {
    if work == Work::Verify {
        return Ok(None);
    }
    let claims = &fixture.claims;
    working(BUILDER, move || {
        TokenBuilder::access_token(ISSUER, AUDIENCE)
            .subject(claims.sub.as_str())
            .client_id(claims.client_id.as_str())
            .lifetime(Duration::from_hours(1))
            .claim("sid", &claims.sid)
            .claim("org_id", &claims.org_id)
            .claim("roles", &claims.roles)
            .claim("preferred_username", &claims.preferred_username)
            .sign(&fixture.key, now(), &SystemEntropy)
    })
}
