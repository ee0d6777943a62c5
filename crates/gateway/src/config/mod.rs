//! What an operator can set: the sections of `handstamp.toml` that the gateway reads.
//!
//! The file may be the auth service's own, or one on another machine. Sections that are not for the gateway are passed over.

mod check;
mod route;
mod section;

use std::sync::LazyLock;

use handstamp_settings::{ConfigError, CookieConfig, Keys, LogConfig, Problems, Settings, Source};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use check::AUTH_MISSING;
pub use route::{AccessConfig, RouteConfig};
pub use section::{GatewayConfig, WhenSilent};

/// The sections of the configuration file that the gateway goes by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The front on an app's own domain.
    pub gateway: GatewayConfig,
    /// How the auth service names its cookies, where that is not the default.
    pub cookies: CookieConfig,
    /// What the gateway writes about itself.
    pub log: LogConfig,
}

impl Config {
    /// Reads a configuration: defaults, then the file, then the overrides in their order. Finds every mistake, not only the first.
    pub fn load(source: &Source<'_>) -> Result<Self, ConfigError> {
        source.load()
    }

    /// Returns the gateway's own section as TOML, defaults included; nothing where nobody has set anything in it.
    pub fn to_toml(&self) -> String {
        #[derive(Serialize)]
        struct Own<'a> {
            gateway: &'a GatewayConfig,
        }
        if self.gateway == GatewayConfig::default() {
            return String::new();
        }
        // Every value is a string, a number, a flag, or a list or table of those: nothing TOML could not write.
        let text = toml::to_string(&Own { gateway: &self.gateway }).unwrap_or_default();
        format!("\n{text}")
    }
}

impl Settings for Config {
    fn keys() -> &'static Keys {
        static KEYS: LazyLock<Keys> = LazyLock::new(Keys::of::<Config>);
        &KEYS
    }

    fn check(&self, problems: &mut Problems) {
        self.cookies.check(problems);
        check::gateway(&self.gateway, problems);
    }
}
