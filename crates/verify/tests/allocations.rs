//! Counts allocations. A binary of its own, because the counter is its global allocator.

use handstamp_token::{Algorithm, KeySet, SigningKey, SystemEntropy, TokenBuilder};
use handstamp_verify::{Clock, SystemClock, Verifier};

#[test]
fn a_remembered_token_is_verified_without_a_single_allocation() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = KeySet::new([key.verifying_key()]).unwrap();
    let verifier = Verifier::builder("https://auth.example")
        .audience("orders")
        .algorithms(&[Algorithm::Es256])
        .build_with_keys(keys)
        .unwrap();
    let token = TokenBuilder::access_token("https://auth.example", "orders")
        .subject("ada")
        .lifetime("10m")
        .claim("roles", ["buyer"])
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
