use std::time::Duration;

use super::SettingsError;

/// How long sessions live and how refresh behaves. The times the proof of refresh rests on are here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSettings {
    /// A session never lives longer.
    pub absolute_lifetime: Duration,
    /// A session ends when it is not refreshed for this long.
    pub idle_lifetime: Duration,
    /// For this long after a rotation the parent still brings the successor.
    pub refresh_grace: Duration,
    /// A client gives up a refresh after this long, and then ignores a late answer.
    pub refresh_client_timeout: Duration,
    /// The service handles a refresh within this time of its arrival, or drops it.
    pub refresh_service_timeout: Duration,
    /// How many live sessions a user may have. One more ends the oldest.
    pub max_per_user: Option<u32>,
}

impl SessionSettings {
    /// Returns how long after an answer set out requests can still arrive that knew nothing of it.
    ///
    /// The answer is in the client's hands after one client timeout. Until then the client may send the old token; that
    /// request travels for one client timeout at most, and is handled within one service timeout.
    pub fn straggling(&self) -> Duration {
        let travel = self.refresh_client_timeout.saturating_mul(2);
        travel.saturating_add(self.refresh_service_timeout)
    }

    /// Returns how far ahead a handed-out token is noted, so that a storm of requests costs one note.
    pub fn slack(&self) -> Duration {
        self.refresh_client_timeout / 10
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        if self.refresh_grace <= self.refresh_client_timeout.saturating_add(self.refresh_service_timeout) {
            return Err(SettingsError::new(
                "sessions.refresh_grace",
                "must be more than refresh_client_timeout and refresh_service_timeout together, \
                 or an honest client can be taken for a thief",
            ));
        }
        if self.idle_lifetime <= self.refresh_grace.saturating_add(self.straggling()) {
            return Err(SettingsError::new("sessions.idle_lifetime", "must be well above refresh_grace"));
        }
        if self.absolute_lifetime < self.idle_lifetime {
            return Err(SettingsError::new("sessions.absolute_lifetime", "must not be below idle_lifetime"));
        }
        if self.absolute_lifetime > Duration::from_hours(400 * 24) {
            return Err(SettingsError::new(
                "sessions.absolute_lifetime",
                "must be 400 days at most: browsers keep no cookie longer",
            ));
        }
        if self.max_per_user == Some(0) {
            return Err(SettingsError::new("sessions.max_per_user", "must be at least 1"));
        }
        Ok(())
    }
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            absolute_lifetime: Duration::from_hours(30 * 24),
            idle_lifetime: Duration::from_hours(7 * 24),
            refresh_grace: Duration::from_secs(30),
            refresh_client_timeout: Duration::from_secs(10),
            refresh_service_timeout: Duration::from_secs(10),
            max_per_user: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::SessionSettings;

    fn refused(settings: &SessionSettings) -> Option<&'static str> {
        settings.check().err().map(|error| error.name)
    }

    #[test]
    fn the_grace_time_must_be_more_than_both_timeouts() {
        let grace =
            |secs| SessionSettings { refresh_grace: Duration::from_secs(secs), ..SessionSettings::default() };
        assert_eq!(refused(&grace(20)), Some("sessions.refresh_grace"));
        assert_eq!(refused(&grace(21)), None);
    }

    #[test]
    fn the_idle_lifetime_must_not_be_above_the_absolute_one() {
        let settings =
            SessionSettings { idle_lifetime: Duration::from_hours(31 * 24), ..SessionSettings::default() };
        assert_eq!(refused(&settings), Some("sessions.absolute_lifetime"));
    }

    #[test]
    fn a_session_must_not_outlive_what_a_browser_keeps() {
        let settings = SessionSettings {
            absolute_lifetime: Duration::from_hours(401 * 24),
            ..SessionSettings::default()
        };
        assert_eq!(refused(&settings), Some("sessions.absolute_lifetime"));
    }

    #[test]
    fn nobody_can_be_allowed_no_session_at_all() {
        let settings = SessionSettings { max_per_user: Some(0), ..SessionSettings::default() };
        assert_eq!(refused(&settings), Some("sessions.max_per_user"));
    }
}
