use std::time::Duration;

use handstamp_token::Entropy;

/// The shortest and the longest time between two attempts to connect.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// How long to wait before the next attempt to connect: longer each time, and never all replicas at once.
pub(crate) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(SHORTEST)
    }
}

impl Pause {
    /// Returns the next pause: between half and all of what it may be.
    pub(crate) fn next(&mut self, entropy: &dyn Entropy) -> Duration {
        let (half, mut drawn) = (self.0 / 2, [0; 2]);
        entropy.fill(&mut drawn);
        self.0 = (self.0 * 2).min(LONGEST);
        half + half * u32::from(u16::from_le_bytes(drawn)) / u32::from(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use handstamp_core::test_support::SeededEntropy;

    use super::{LONGEST, Pause, SHORTEST};

    #[test]
    fn pauses_grow_and_stay_within_their_bounds() {
        let (mut pause, entropy) = (Pause::default(), SeededEntropy::new(1));
        let pauses: Vec<Duration> = (0..10).map(|_| pause.next(&entropy)).collect();

        assert!(pauses[0] <= SHORTEST && pauses[0] >= SHORTEST / 2, "{pauses:?}");
        assert!(pauses[9] <= LONGEST && pauses[9] >= LONGEST / 2, "{pauses:?}");
    }
}
