//! Services that are handed their keys, a shared secret above all, and follow the feed like all others.

use std::collections::BTreeSet;

use handstamp_api_types::ErrorCode;
use handstamp_token::{Algorithm, KeySet, SigningKey, TokenBuilder};
use handstamp_verify::{BuildError, Verifier, VerifierBuilder};

use super::*;

const SECRET: &[u8] = b"s9Zr1Jt0Ywq4Kc7Nn2Vb5Xe8Mh3Lg6Pd";

fn secret() -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, SECRET).unwrap()
}

fn keys() -> KeySet {
    KeySet::new([secret().verifying_key()]).unwrap()
}

fn service(auth: &AuthService) -> VerifierBuilder {
    Verifier::builder(&auth.issuer)
        .audience("orders")
        .algorithms(&[Algorithm::Hs256])
        .follow_revocations(impatient(auth, FeedAccess::Open), SilencePolicy::refuse())
}

/// A token of a session, signed with the secret.
fn token(auth: &AuthService, sid: &str) -> String {
    let token = TokenBuilder::access_token(&auth.issuer, "orders").subject("ada").lifetime("10 minutes");
    let token = token.claim("sid", sid).claim("client_id", "web").claim("rev", "1.0");
    token.sign(&secret(), now(), &SystemEntropy).unwrap().as_str().to_owned()
}

#[tokio::test]
async fn a_token_under_a_shared_secret_is_taken_back_like_any_other() {
    let auth = AuthService::start().await;
    let service = service(&auth).build_with_keys(keys()).unwrap();
    let (first, second) = (token(&auth, "session-1"), token(&auth, "session-2"));
    until("the first snapshot", || service.try_verify(&first).is_ok()).await;

    auth.revoke("session-1");

    let refused = || service.try_verify(&first).err().map(|error| error.code());
    until("the refusal", || refused() == Some(ErrorCode::TokenRevoked)).await;
    service.try_verify(&second).expect("nobody has ended it");
}

#[tokio::test]
async fn a_service_tells_which_keys_it_was_handed_and_which_of_the_feeds_it_holds() {
    let auth = AuthService::start().await;
    let _service = service(&auth).build_with_keys(keys()).unwrap();

    until("a report", || auth.reports().iter().any(|report| report.kids.len() == 2)).await;

    let kids: BTreeSet<_> = auth.reports().last().unwrap().kids.iter().cloned().collect();
    assert!(kids.contains(secret().key_id().as_str()), "{kids:?}");
}

#[test]
fn following_takes_a_runtime() {
    let feed = Feed::builder("https://auth.example", FeedAccess::Open);
    let builder =
        Verifier::builder("https://auth.example").audience("orders").algorithms(&[Algorithm::Hs256]);
    let refused = builder.follow_revocations(feed, SilencePolicy::refuse()).build_with_keys(keys());
    assert!(matches!(refused.err(), Some(BuildError::NoRuntime)));
}
