use std::{num::NonZero, time::Duration};

use super::SettingsError;

/// What a password must be, and how it is hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordSettings {
    /// The fewest characters, counted as code points after normalisation. NIST SP 800-63B-4 asks for 15 where a password
    /// is all that protects an account, and for 8 where there is a second factor.
    pub min_length: usize,
    /// Argon2id memory in KiB.
    pub memory_kib: u32,
    /// Argon2id passes over the memory.
    pub iterations: u32,
    /// Argon2id lanes.
    pub parallelism: u32,
    /// How many passwords are hashed at the same time. Each keeps `memory_kib` of memory for good.
    pub concurrent_hashes: usize,
    /// How many more may wait for their turn; the next one is turned away at once.
    pub queue_length: usize,
    /// How long one waits before it is turned away.
    pub queue_deadline: Duration,
}

impl PasswordSettings {
    /// The fewest characters anybody can ask for (NIST SP 800-63B-4, with a second factor).
    pub const LEAST_MIN_LENGTH: usize = 8;
    /// The most that can be hashed at the same time: each has a thread of its own, and more than there are cores are of no use.
    pub const MOST_CONCURRENT_HASHES: usize = 1024;

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        if self.min_length < Self::LEAST_MIN_LENGTH || self.min_length > 64 {
            return Err(SettingsError::new("passwords.min_length", "must be between 8 and 64"));
        }
        if !(1..=Self::MOST_CONCURRENT_HASHES).contains(&self.concurrent_hashes) {
            return Err(SettingsError::new("passwords.concurrent_hashes", "must be between 1 and 1024"));
        }
        if self.iterations == 0 || self.parallelism == 0 {
            return Err(SettingsError::new(
                "passwords.iterations",
                "and passwords.parallelism must be at least 1",
            ));
        }
        // OWASP Password Storage: these pairs of memory and passes are of equal worth; less is not enough.
        let enough = [(46 * 1024, 1), (19 * 1024, 2), (12 * 1024, 3), (9 * 1024, 4), (7 * 1024, 5)];
        if !enough.iter().any(|&(memory, passes)| self.memory_kib >= memory && self.iterations >= passes) {
            return Err(SettingsError::new(
                "passwords.memory_kib",
                "is too small for this number of iterations; OWASP's least is 19456 with 2",
            ));
        }
        if self.memory_kib > 1024 * 1024 {
            return Err(SettingsError::new("passwords.memory_kib", "must be 1048576 (1 GiB) at most"));
        }
        Ok(())
    }
}

impl Default for PasswordSettings {
    fn default() -> Self {
        Self {
            min_length: 15,
            memory_kib: 19 * 1024,
            iterations: 2,
            parallelism: 1,
            concurrent_hashes: std::thread::available_parallelism()
                .map_or(1, NonZero::get)
                .min(Self::MOST_CONCURRENT_HASHES),
            queue_length: 128,
            queue_deadline: Duration::from_secs(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PasswordSettings;

    #[test]
    fn hashing_weaker_than_owasp_asks_for_is_refused() {
        let settings = PasswordSettings { memory_kib: 18 * 1024, ..PasswordSettings::default() };
        assert_eq!(settings.check().map_err(|error| error.name), Err("passwords.memory_kib"));
    }

    #[test]
    fn nobody_can_ask_for_no_thread_or_for_countless_ones() {
        for concurrent_hashes in [0, 1025, usize::MAX] {
            let settings = PasswordSettings { concurrent_hashes, ..PasswordSettings::default() };
            assert_eq!(settings.check().map_err(|error| error.name), Err("passwords.concurrent_hashes"));
        }
    }

    #[test]
    fn fewer_than_eight_characters_cannot_be_allowed() {
        let settings = PasswordSettings { min_length: 7, ..PasswordSettings::default() };
        assert_eq!(settings.check().map_err(|error| error.name), Err("passwords.min_length"));
    }
}
