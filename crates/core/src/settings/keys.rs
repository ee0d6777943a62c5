use std::time::Duration;

use super::SettingsError;

/// How keys take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySettings {
    /// How long a key signs before the next one takes over; `None`: until somebody asks.
    pub rotate_every: Option<Duration>,
    /// How long a key is published before it signs, whoever reports to hold it: verifiers that do not report must have
    /// asked for the key set again by then.
    pub publish_ahead: Duration,
    /// How much longer a switch waits for services that report and do not hold the key.
    pub wait_for_services: Duration,
}

impl KeySettings {
    /// Verifiers never keep the key set longer than this, however long before its use a key is published.
    const LONGEST_CACHE_TIME: Duration = Duration::from_mins(5);

    /// Returns how long verifiers may keep the key set: the `max-age` it is served with.
    ///
    /// A third of [`KeySettings::publish_ahead`] at most. What is left is for a proxy that hands out a copy as old as that, for
    /// verifiers that ask a little late, for replicas that publish a key a second after it was made, and for clocks.
    pub fn cache_time(&self) -> Duration {
        Duration::from_secs((self.publish_ahead / 3).min(Self::LONGEST_CACHE_TIME).as_secs())
    }

    pub(super) fn check(&self, token_lifetime: Duration) -> Result<(), SettingsError> {
        if self.publish_ahead < Duration::from_secs(3) || self.publish_ahead > Duration::from_hours(7 * 24) {
            return Err(SettingsError::new(
                "keys.publish_ahead",
                "must be between 3 seconds and 7 days; verifiers may keep the key set for a third of it",
            ));
        }
        if self.wait_for_services > Duration::from_hours(7 * 24) {
            return Err(SettingsError::new("keys.wait_for_services", "must be 7 days at most"));
        }
        let Some(rotate_every) = self.rotate_every else { return Ok(()) };
        if rotate_every < self.publish_ahead {
            return Err(SettingsError::new(
                "keys.rotate_every",
                "must not be below keys.publish_ahead: a key would be due before it may sign",
            ));
        }
        if rotate_every < token_lifetime {
            return Err(SettingsError::new(
                "keys.rotate_every",
                "must not be below tokens.lifetime: retired keys, which stay until their last token is dead, would pile up",
            ));
        }
        Ok(())
    }
}

impl Default for KeySettings {
    fn default() -> Self {
        Self {
            rotate_every: Some(Duration::from_hours(30 * 24)),
            publish_ahead: Duration::from_mins(15),
            wait_for_services: Duration::from_hours(24),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::KeySettings;

    const LIFETIME: Duration = Duration::from_mins(10);

    fn refused(settings: KeySettings) -> Option<&'static str> {
        settings.check(LIFETIME).err().map(|error| error.name)
    }

    #[test]
    fn verifiers_keep_the_key_set_for_a_third_of_the_time_before_a_key_signs_and_never_long() {
        let cache_time = |seconds| {
            KeySettings { publish_ahead: Duration::from_secs(seconds), ..KeySettings::default() }.cache_time()
        };
        assert_eq!(cache_time(3), Duration::from_secs(1));
        assert_eq!(cache_time(900), Duration::from_mins(5));
        assert_eq!(cache_time(86_400), Duration::from_mins(5));
    }

    #[test]
    fn a_key_that_signs_as_soon_as_it_is_published_is_refused() {
        let ahead = |publish_ahead| KeySettings { publish_ahead, ..KeySettings::default() };
        assert_eq!(refused(ahead(Duration::from_millis(2_999))), Some("keys.publish_ahead"));
        assert_eq!(refused(ahead(Duration::from_secs(3))), None);
        assert_eq!(refused(ahead(Duration::from_hours(7 * 24 + 1))), Some("keys.publish_ahead"));
    }

    #[test]
    fn a_key_is_not_due_before_it_may_sign() {
        let settings = KeySettings {
            rotate_every: Some(Duration::from_mins(14)),
            publish_ahead: Duration::from_mins(15),
            ..KeySettings::default()
        };
        assert_eq!(refused(settings), Some("keys.rotate_every"));
        assert_eq!(refused(KeySettings { rotate_every: None, ..settings }), None);
    }

    #[test]
    fn keys_do_not_change_faster_than_tokens_die() {
        let settings = KeySettings {
            rotate_every: Some(LIFETIME / 2),
            publish_ahead: Duration::from_secs(3),
            ..KeySettings::default()
        };
        assert_eq!(refused(settings), Some("keys.rotate_every"));
    }

    #[test]
    fn nobody_is_waited_for_for_ever() {
        let settings = KeySettings { wait_for_services: Duration::from_hours(169), ..KeySettings::default() };
        assert_eq!(refused(settings), Some("keys.wait_for_services"));
    }
}
