use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[revocation]`: who may follow the revocation feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RevocationConfig {
    /// Who may follow the feed.
    pub subscribers: Subscribers,
    /// How many services may follow the feed of one process at once; further ones are told to come back.
    pub max_subscribers: u32,
}

/// Who may follow the revocation feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Subscribers {
    /// Clients that authenticate with their secret and hold the scope `revocations`.
    Clients,
    /// Everybody who reaches the address: for a private network. The feed names nobody, its selectors are keyed hashes.
    Open,
}

impl Default for RevocationConfig {
    fn default() -> Self {
        Self { subscribers: Subscribers::Clients, max_subscribers: 1000 }
    }
}
