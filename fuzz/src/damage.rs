//! Good inputs, damaged in many ways from a fixed seed: how the smoke tests of the workspace drive the fuzz targets.

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

const CASES: u32 = 400;

/// Bytes replaced, pieces cut out, doubled or spliced in from a list of what the parsers trip over.
pub fn damage(good: Vec<Vec<u8>>, traps: &[&'static [u8]]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let piece = prop_oneof![
        prop::sample::select(traps.to_vec()).prop_map(<[u8]>::to_vec),
        prop::collection::vec(any::<u8>(), 0..6),
    ];
    let edit = (any::<prop::sample::Index>(), 0..8_usize, piece);
    (prop::sample::select(good), prop::collection::vec(edit, 0..4)).prop_map(|(mut bytes, edits)| {
        for (at, removed, piece) in edits {
            let start = at.index(bytes.len() + 1);
            let end = bytes.len().min(start + removed);
            bytes.splice(start..end, piece);
        }
        bytes
    })
}

/// Runs a target on every good input and on damaged ones.
pub fn run(good: Vec<Vec<u8>>, traps: &[&'static [u8]], target: fn(&[u8])) {
    for input in &good {
        target(input);
    }
    run_on(damage(good, traps), target);
}

/// Runs a target on inputs of any making.
pub fn run_on(inputs: impl Strategy<Value = Vec<u8>>, target: fn(&[u8])) {
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[17; 32]);
    let outcome = TestRunner::new_with_rng(config, rng).run(&inputs, |input| {
        target(&input);
        Ok(())
    });
    outcome.expect("the target holds");
}
