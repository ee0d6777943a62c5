//! Tests of the test kit.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod closed;
mod http;
mod issuer;
mod recipe;

use handstamp_testkit::TestIssuer;
use handstamp_verify::{Verifier, VerifierBuilder};

/// Begins a verifier of an issuer that hears of no revocation.
fn deaf_builder(issuer: &TestIssuer) -> VerifierBuilder {
    let builder = Verifier::builder(issuer.url()).audience(issuer.audience());
    builder.algorithms(&[issuer.algorithm()]).clock(issuer.clock()).without_revocations()
}

/// Builds it.
fn deaf(issuer: &TestIssuer) -> Verifier {
    deaf_builder(issuer).build_with_keys(issuer.keys()).unwrap()
}
