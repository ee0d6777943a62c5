use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Problems, duration};

/// `[rate_limits]`: how often somebody may try to prove who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimitConfig {
    /// Password attempts on one account before waiting is needed.
    pub account_attempts: u32,
    /// How long it takes until all of them are free again.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub account_window: Duration,
    /// Attempts of any kind from one address (IPv6: one /64) before waiting is needed.
    pub address_attempts: u32,
    /// How long it takes until all of them are free again.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub address_window: Duration,
    /// Passwords of strangers that are checked each second, by all replicas together. Whoever signs in where they have before is no
    /// stranger, and a right password does not count.
    pub strangers_per_second: u32,
}

impl Default for RateLimitConfig {
    fn default() -> Self {
        Self {
            account_attempts: 10,
            account_window: Duration::from_mins(5),
            address_attempts: 60,
            address_window: Duration::from_mins(1),
            strangers_per_second: 50,
        }
    }
}

impl RateLimitConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        for (key, attempts) in [
            ("rate_limits.account_attempts", self.account_attempts),
            ("rate_limits.address_attempts", self.address_attempts),
            ("rate_limits.strangers_per_second", self.strangers_per_second),
        ] {
            if attempts == 0 {
                problems.wrong(key, "nobody could ever sign in: 1 at least");
            }
        }
        for (key, window) in [
            ("rate_limits.account_window", self.account_window),
            ("rate_limits.address_window", self.address_window),
        ] {
            if window < Duration::from_secs(1) {
                problems.wrong(key, "a shorter time limits nothing: \"1s\" at least");
            }
        }
    }
}
