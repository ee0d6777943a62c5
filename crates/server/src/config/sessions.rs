use std::time::Duration;

use handstamp_core::settings::SessionSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration;

/// `[sessions]`: how long a sign-in lasts, and the times on which refresh rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionConfig {
    /// A session never lives longer than this.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub absolute_lifetime: Duration,
    /// A session that is not refreshed for this long ends.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub idle_lifetime: Duration,
    /// How long racing refreshes get the same answer. More than both time-outs below together.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub refresh_grace: Duration,
    /// After this a client gives up a refresh and ignores a late answer.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub refresh_client_timeout: Duration,
    /// Within this the service handles a refresh, or drops it.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub refresh_service_timeout: Duration,
    /// How many sessions a user may have; one more ends the oldest. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_per_user: Option<u32>,
}

impl Default for SessionConfig {
    fn default() -> Self {
        let rules = SessionSettings::default();
        Self {
            absolute_lifetime: rules.absolute_lifetime,
            idle_lifetime: rules.idle_lifetime,
            refresh_grace: rules.refresh_grace,
            refresh_client_timeout: rules.refresh_client_timeout,
            refresh_service_timeout: rules.refresh_service_timeout,
            max_per_user: rules.max_per_user,
        }
    }
}
