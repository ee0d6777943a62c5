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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::config::Config;

    fn load(text: &str) -> Result<Config, String> {
        Config::load(Some(("handstamp.toml", text)), &[]).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_rotate_every_month_unless_somebody_says_otherwise() {
        assert_eq!(load("").unwrap().keys.rotate_every, Some(Duration::from_hours(30 * 24)));
        let weekly = load("[keys]\nrotate_every = \"1 week\"\n").unwrap();
        assert_eq!(weekly.keys.settings().rotate_every, Some(Duration::from_hours(7 * 24)));
    }

    #[test]
    fn never_is_a_word_and_reads_back() {
        let never = load("[keys]\nrotate_every = \"never\"\n").unwrap();
        assert_eq!(never.keys.rotate_every, None);
        assert_eq!(load(&never.to_toml()).unwrap().keys, never.keys);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for wrong in ["\"soon\"", "\"\"", "30", "false"] {
            let refused = load(&format!("[keys]\nrotate_every = {wrong}\n")).unwrap_err();
            assert!(refused.starts_with("keys.rotate_every: "), "{refused}");
        }
    }

    #[test]
    fn times_that_do_not_go_together_are_refused_with_their_place() {
        let refused = load("[keys]\npublish_ahead = \"1s\"\n").unwrap_err();
        assert!(refused.starts_with("keys.publish_ahead: must be between 3 seconds and 7 days"), "{refused}");
        assert!(refused.ends_with("(handstamp.toml line 2)"), "{refused}");
        let refused = load("[keys]\nrotate_every = \"5m\"\npublish_ahead = \"10m\"\n").unwrap_err();
        assert!(refused.starts_with("keys.rotate_every: must not be below keys.publish_ahead"), "{refused}");
    }
}
