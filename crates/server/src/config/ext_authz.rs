use std::net::SocketAddr;

use handstamp_settings::address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CertificateConfig, Problems};

/// `[ext_authz]`: the answers of `/auth/check` for Envoy over gRPC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExtAuthzConfig {
    /// Address and port to listen on: for Envoy alone. Default: not at all.
    #[serde(deserialize_with = "address::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub listen: Option<SocketAddr>,
    /// How Envoy's connections are encrypted. Without it they are not.
    pub tls: CertificateConfig,
}

impl ExtAuthzConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        self.tls.check("ext_authz", problems);
    }
}
