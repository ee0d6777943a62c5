use super::SettingsError;
use crate::model::StatusBits;

/// Places in status lists, for verifiers that do not follow the revocation feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusListSettings {
    /// How much a place can say.
    pub bits: StatusBits,
    /// How many places a list has. The next list begins when all are taken.
    pub size: u32,
}

impl StatusListSettings {
    /// The fewest places. In a short list a single bit tells outsiders too much: the more places, the larger the crowd.
    pub const LEAST_SIZE: u32 = 1_024;

    /// The most bits of a whole list, at worst all of them set at random: twice base64 and signed, that still is below the
    /// megabyte that verifiers read.
    pub const MOST_BITS: u32 = 4 * 1024 * 1024;

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let most = Self::MOST_BITS / u32::from(self.bits.count());
        if self.size < Self::LEAST_SIZE || self.size > most || !self.size.is_multiple_of(8) {
            return Err(SettingsError::new(
                "status_lists.size",
                format!("must be a multiple of 8 between {} and {most}", Self::LEAST_SIZE),
            ));
        }
        Ok(())
    }
}

impl Default for StatusListSettings {
    /// A million places of one bit: 24 kB to fetch when one in a hundred is set.
    fn default() -> Self {
        Self { bits: StatusBits::One, size: 1024 * 1024 }
    }
}

#[cfg(test)]
mod tests {
    use super::StatusListSettings;
    use crate::model::StatusBits;

    fn is_refused(bits: StatusBits, size: u32) -> bool {
        let refused = StatusListSettings { bits, size }.check();
        assert!(refused.as_ref().is_ok() || refused.as_ref().is_err_and(|e| e.name == "status_lists.size"));
        refused.is_err()
    }

    #[test]
    fn a_list_without_a_crowd_is_refused() {
        assert!(is_refused(StatusBits::One, 1_016));
        assert!(!is_refused(StatusBits::One, 1_024));
    }

    #[test]
    fn a_list_that_verifiers_would_not_read_is_refused() {
        assert!(!is_refused(StatusBits::One, 4_194_304));
        assert!(is_refused(StatusBits::One, 4_194_312));
        assert!(!is_refused(StatusBits::Two, 2_097_152));
        assert!(is_refused(StatusBits::Two, 2_097_160));
    }

    #[test]
    fn a_list_that_ends_within_a_byte_is_refused() {
        assert!(is_refused(StatusBits::Two, 2_001));
    }
}
