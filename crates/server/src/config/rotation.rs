use std::time::Duration;

use handstamp_core::settings::KeySettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration;

/// `[keys]`: how the keys of access tokens and of the revocation feed take turns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeyConfig {
    /// How long a key signs before the next one takes over, or `never`: only when `handstamp key rotate` asks for it.
    #[serde(with = "duration::or_never")]
    #[schemars(with = "String")]
    pub rotate_every: Option<Duration>,
    /// How long a key is published before it may sign. Verifiers may keep the key set for a third of it, five minutes at most.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub publish_ahead: Duration,
    /// How much longer the next key waits for services that report, and do not hold it.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub wait_for_services: Duration,
}

impl KeyConfig {
    /// Returns what the rules go by.
    pub(super) fn settings(&self) -> KeySettings {
        KeySettings {
            rotate_every: self.rotate_every,
            publish_ahead: self.publish_ahead,
            wait_for_services: self.wait_for_services,
        }
    }
}

impl Default for KeyConfig {
    fn default() -> Self {
        let KeySettings { rotate_every, publish_ahead, wait_for_services } = KeySettings::default();
        Self { rotate_every, publish_ahead, wait_for_services }
    }
}
