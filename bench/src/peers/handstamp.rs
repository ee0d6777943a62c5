//! Ourselves.

use std::hint::black_box;
use std::time::Duration;

use handstamp_token::{KeySet, PooledEntropy, Rejection, TokenBuilder, Validator};
use serde::Deserialize;

use super::{Work, working};
use crate::fixture::{AUDIENCE, Fixture, ISSUER, Own, TYPE, now};
use crate::race::Contestant;
use crate::{Outcome, failed};

/// Our row. The registered claims are the library's to read, the others are the caller's type.
pub const NAME: &str = "handstamp-token";
/// Our row for claims that borrow from the payload.
const BORROWED: &str = "handstamp-token, borrowed claims";
/// Our row for the builder, which draws `jti`, sets the times and refuses claims that are set twice.
pub const BUILDER: &str = "handstamp-token, builder";

pub(super) fn contestant(work: Work, fixture: &Fixture) -> Outcome<Option<Contestant<'_>>> {
    match work {
        Work::Verify => {
            let (validator, keys) = verifier(fixture)?;
            working(NAME, move || validator.verify::<Own>(&fixture.token, &keys, now()))
        }
        Work::Sign => working(NAME, move || fixture.key.sign(TYPE, &fixture.claims)),
    }
}

/// The claims that are the caller's, borrowed from the payload.
#[derive(Deserialize)]
#[expect(dead_code, reason = "read to be read")]
struct BorrowedClaims<'p> {
    client_id: &'p str,
    sid: &'p str,
    org_id: &'p str,
    #[serde(borrow)]
    roles: Vec<&'p str>,
    preferred_username: &'p str,
}

pub(super) fn borrowed(work: Work, fixture: &Fixture) -> Outcome<Option<Contestant<'_>>> {
    if work == Work::Sign {
        return Ok(None);
    }
    let (validator, keys) = verifier(fixture)?;
    let mut payload = String::new();
    working(BORROWED, move || {
        let verified =
            validator.verify_in::<BorrowedClaims<'_>>(&mut payload, &fixture.token, &keys, now())?;
        black_box(verified);
        Ok::<_, Rejection>(())
    })
}

fn verifier(fixture: &Fixture) -> Outcome<(Validator, KeySet)> {
    let keys = KeySet::new([fixture.key.verifying_key()]).map_err(failed("preparing the keys"))?;
    let validator = Validator::access_token(ISSUER, AUDIENCE, &[fixture.algorithm]);
    Ok((validator.map_err(failed("building the validator"))?, keys))
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
            .sign(&fixture.key, now(), &PooledEntropy)
    })
}
