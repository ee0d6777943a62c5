use std::time::Duration;

use handstamp_core::settings::PasswordSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration;

/// `[passwords]`: what a password must be, and what checking one costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordConfig {
    /// The fewest characters of a new password (NIST SP 800-63B-4: 15).
    pub min_length: usize,
    /// Memory of one Argon2id hash in KiB.
    pub memory_kib: u32,
    /// Passes of one Argon2id hash.
    pub iterations: u32,
    /// Lanes of one Argon2id hash.
    pub parallelism: u32,
    /// How many hashes run at once, 1024 at most. Default: one for each core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrent_hashes: Option<usize>,
    /// How long a sign-in may wait for its turn before it is told to come back.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub queue_deadline: Duration,
    /// How many sign-ins may wait for their turn.
    pub queue_length: usize,
}

impl Default for PasswordConfig {
    fn default() -> Self {
        let rules = PasswordSettings::default();
        Self {
            min_length: rules.min_length,
            memory_kib: rules.memory_kib,
            iterations: rules.iterations,
            parallelism: rules.parallelism,
            // One for each core: a property of the machine, not of the configuration.
            concurrent_hashes: None,
            queue_deadline: rules.queue_deadline,
            queue_length: rules.queue_length,
        }
    }
}
