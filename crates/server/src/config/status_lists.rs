use std::time::Duration;

use handstamp_core::{model::StatusBits, settings::StatusListSettings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Problems, duration};

/// `[status_lists]`: Token Status Lists, for services that do not follow the revocation feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StatusListConfig {
    /// Whether new tokens name their place in a list. Lists that older tokens name are published either way.
    pub enabled: bool,
    /// The bits of a status. With 1 a token is good or not; with 2 services can tell that it is not for now, because its
    /// organisation is suspended.
    pub bits: u8,
    /// How many sessions share a list. More hide better whose bit it is, and make the list longer.
    pub size: u32,
    /// How long a service may use a list before it fetches the next one: so late it notices that a session has ended.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub ttl: Duration,
}

impl Default for StatusListConfig {
    fn default() -> Self {
        let rules = StatusListSettings::default();
        Self { enabled: false, bits: rules.bits.count(), size: rules.size, ttl: Duration::from_mins(1) }
    }
}

impl StatusListConfig {
    /// Returns what the rules go by; `None` while there are no lists.
    pub(super) fn settings(&self) -> Option<StatusListSettings> {
        // A number that is none was refused by `check`.
        let bits = StatusBits::from_count(self.bits)?;
        self.enabled.then_some(StatusListSettings { bits, size: self.size })
    }

    pub(super) fn check(&self, token_lifetime: Duration, problems: &mut Problems) {
        if StatusBits::from_count(self.bits).is_none() {
            problems.wrong("status_lists.bits", "must be 1 or 2");
        }
        if self.ttl < Duration::from_secs(1) || self.ttl.subsec_nanos() > 0 {
            problems.wrong("status_lists.ttl", "must be whole seconds, at least one");
        }
        if self.enabled && self.ttl > token_lifetime {
            problems.wrong(
                "status_lists.ttl",
                "must not be above tokens.lifetime: a token would expire before anybody looks at its status",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn refused(text: &str) -> String {
        Config::load(Some(("handstamp.toml", &format!("[status_lists]\n{text}"))), &[])
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn lists_are_off_unless_somebody_turns_them_on() {
        assert_eq!(Config::load(None, &[]).unwrap().status_lists.settings(), None);
    }

    #[test]
    fn other_numbers_of_bits_are_refused() {
        for bits in [0, 3, 4, 8] {
            assert!(refused(&format!("bits = {bits}\n")).contains("status_lists.bits: must be 1 or 2"));
        }
    }

    #[test]
    fn a_list_that_may_be_used_for_no_time_is_refused() {
        for ttl in ["0s", "500ms", "1500ms"] {
            assert!(
                refused(&format!("ttl = \"{ttl}\"\n")).contains("status_lists.ttl: must be whole seconds")
            );
        }
    }

    #[test]
    fn a_list_that_is_used_for_longer_than_a_token_lives_is_refused() {
        let text = "enabled = true\nttl = \"11m\"\n";
        assert!(refused(text).contains("status_lists.ttl: must not be above tokens.lifetime"));
    }

    #[test]
    fn a_size_that_the_rules_refuse_is_refused_at_start() {
        assert!(
            refused("enabled = true\nsize = 1000\n").contains("status_lists.size: must be a multiple of 8")
        );
    }
}
