//! Spreads waiting times, so that many who wait for one thing do not come back in one instant.

use std::time::Duration;

use handstamp_token::Entropy;

/// Returns between 75 % and 100 % of `longest`.
pub(crate) fn spread(longest: Duration, entropy: &dyn Entropy) -> Duration {
    let least = longest / 4 * 3;
    least + below(longest / 4, entropy)
}

/// Returns between nothing and all of `longest`.
pub(crate) fn below(longest: Duration, entropy: &dyn Entropy) -> Duration {
    let mut bytes = [0; 2];
    entropy.fill(&mut bytes);
    longest * u32::from(u16::from_le_bytes(bytes)) / u32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use handstamp_token::Entropy;

    use super::{below, spread};

    struct Always(u8);
    impl Entropy for Always {
        fn fill(&self, dest: &mut [u8]) {
            dest.fill(self.0);
        }
    }

    #[test]
    fn waiting_times_stay_within_their_bounds() {
        let longest = Duration::from_secs(8);

        assert_eq!((below(longest, &Always(0)), below(longest, &Always(255))), (Duration::ZERO, longest));
        assert_eq!(
            (spread(longest, &Always(0)), spread(longest, &Always(255))),
            (Duration::from_secs(6), longest)
        );
    }
}
