use handstamp_token::Algorithm;
use handstamp_verify::Verifier;
use handstamp_verify::revocation::{Feed, FeedAccess, SilencePolicy};

use super::House;
use crate::{Outcome, failed};

/// Returns the verifier of a service that follows the feed, which anybody may. It is not ready yet.
pub fn follower(house: &House) -> Outcome<Verifier> {
    let feed = Feed::builder(house.issuer(), FeedAccess::Open);
    Verifier::builder(house.issuer())
        .audience(house.issuer())
        .algorithms(&[Algorithm::Es256])
        .follow_revocations(feed, SilencePolicy::refuse())
        .build_remote()
        .map_err(failed("building a verifier"))
}
