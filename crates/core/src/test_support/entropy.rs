use std::sync::atomic::{AtomicU64, Ordering};

use handstamp_token::Entropy;

/// Draws nothing but the byte 7, for tests that spell out what comes of it. Never outside tests.
#[derive(Debug)]
pub struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, dest: &mut [u8]) {
        dest.fill(7);
    }
}

/// Randomness that is the same in every run (`SplitMix64`). Never outside tests.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// Returns a source that begins with this seed.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, dest: &mut [u8]) {
        for chunk in dest.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}
