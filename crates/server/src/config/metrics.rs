use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Network;

/// `[metrics]`: who may read the figures at `/metrics`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsConfig {
    /// Addresses or networks that may. Default: this machine.
    #[schemars(with = "Vec<String>")]
    pub allowed_networks: Vec<Network>,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self {
            allowed_networks: ["127.0.0.0/8", "::1"].iter().filter_map(|text| text.parse().ok()).collect(),
        }
    }
}
