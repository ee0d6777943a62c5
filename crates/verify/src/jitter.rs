//! Spreads waiting times, so that many who wait for one thing do not come back in one instant.

use std::time::Duration;

use handstamp_token::Entropy;

/// No time that is added to the present one is longer: whoever says `Duration::MAX` means for ever, and no moment lies that far ahead.
pub(crate) const FOR_EVER: Duration = Duration::from_hours(24 * 365);

/// Returns between 75 % and 100 % of `longest`.
pub(crate) fn spread(longest: Duration, entropy: &dyn Entropy) -> Duration {
    let least = longest / 4 * 3;
    least + below(longest / 4, entropy)
}

/// Returns between nothing and all of `longest`.
pub(crate) fn below(longest: Duration, entropy: &dyn Entropy) -> Duration {
    let mut bytes = [0; 2];
    entropy.fill(&mut bytes);
    let (part, whole) = (u32::from(u16::from_le_bytes(bytes)), u32::from(u16::MAX));
    // How long a token or a profile may be kept is what a reply says. What would not fit is divided first.
    longest.checked_mul(part).map_or_else(|| longest / whole * part, |parts| parts / whole)
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

    #[test]
    fn a_time_without_end_is_one_that_can_be_waited_for_in_part() {
        for longest in [Duration::MAX, Duration::from_secs(i64::MAX.unsigned_abs())] {
            assert!(below(longest, &Always(255)) <= longest && below(longest, &Always(255)) > longest / 2);
            assert!((longest / 4 * 3..=longest).contains(&spread(longest, &Always(255))));
        }
    }
}
