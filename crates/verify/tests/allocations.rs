//! Counts allocations. A binary of its own, because the counter is its global allocator.

use std::time::Duration;

use handstamp_api_types::revocation::{BATCH_AUDIENCE, RevocationBatch, SelectorKeyText};
use handstamp_token::{Algorithm, KeySet, SigningKey, SystemEntropy, TokenBuilder};
use handstamp_verify::revocation::{FollowOptions, Moment, Revocations, SilencePolicy};
use handstamp_verify::{Clock, SystemClock, Verifier};

#[test]
fn a_remembered_token_is_verified_without_a_single_allocation() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = KeySet::new([key.verifying_key()]).unwrap();
    let (revocations, mut follower) = Revocations::follow(FollowOptions::default());
    let now = SystemClock.now();
    let empty_log = RevocationBatch {
        iss: "https://auth.example".to_owned(),
        aud: BATCH_AUDIENCE.to_owned(),
        iat: now,
        exp: now.saturating_add(Duration::from_mins(10)),
        time_ms: u64::try_from(now.as_secs()).unwrap() * 1000,
        epoch: 1,
        earlier: Vec::new(),
        after: 0,
        through: 0,
        head: 0,
        events: Vec::new(),
        nonce: None,
        selector_key: Some(SelectorKeyText([7; 32])),
    };
    follower.apply_local(&empty_log, Moment { elapsed: Duration::ZERO, wall: now }).unwrap();
    let verifier = Verifier::builder("https://auth.example")
        .audience("orders")
        .algorithms(&[Algorithm::Es256])
        .revocations(revocations, SilencePolicy::refuse())
        .build_with_keys(keys)
        .unwrap();
    let token = TokenBuilder::access_token("https://auth.example", "orders")
        .subject("ada")
        .lifetime("10m")
        .claim("roles", ["buyer"])
        .claim("rev", "1.0")
        .sign(&key, SystemClock.now(), &SystemEntropy)
        .unwrap();
    let first = allocation_counter::measure(|| drop(verifier.try_verify(token.as_str()).unwrap()));
    assert!(first.count_total > 0, "the counter counts");

    let hit = allocation_counter::measure(|| {
        let caller = verifier.try_verify(token.as_str()).unwrap();
        assert!(caller.sub() == "ada" && caller.has_role("buyer"));
    });

    assert_eq!(hit.count_total, 0);
}
