//! The configuration: one struct per section, every key with a default, every mistake named with its place.
//!
//! This module reads text it is given. Which file, which variables and which flags there are, the command line says.

mod clients;
mod ext_authz;
mod metrics;
mod pages;
mod passwords;
mod rate_limits;
mod redis;
mod revocation;
mod rotation;
mod secret_url;
mod server;
mod sessions;
mod settings;
mod sites;
mod status_lists;
mod storage;
mod tokens;
mod upstreams;

use std::{collections::BTreeMap, sync::LazyLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use clients::ClientConfig;
pub use ext_authz::ExtAuthzConfig;
pub(crate) use handstamp_settings::Problems;
pub use handstamp_settings::{
    CertificateConfig, ClearSiteData, ConfigError, ConfigProblem, CookieConfig, LogConfig, LogFormat,
    Network, NetworkError, Override, PublicUrl, PublicUrlError, SameSite, TlsConfig, VARIABLE_PREFIX,
    duration, secret_variable,
};
use handstamp_settings::{Keys, Settings, Source};
pub use metrics::MetricsConfig;
pub use pages::{Language, PagesConfig};
pub use passwords::PasswordConfig;
pub use rate_limits::RateLimitConfig;
pub use redis::RedisConfig;
pub use revocation::{RevocationConfig, Subscribers};
pub use rotation::KeyConfig;
pub use secret_url::SecretUrl;
pub use server::ServerConfig;
pub use sessions::SessionConfig;
pub use sites::SiteConfig;
pub use status_lists::StatusListConfig;
pub use storage::StorageConfig;
pub use tokens::TokenConfig;
pub use upstreams::{ClaimPaths, ClientAuth, Exchange, Link, UpstreamConfig, UpstreamKind};

/// The variables that hold secrets of entries that have names. They are no settings.
pub const SECRETS_OF_ENTRIES: [&str; 2] =
    ["HANDSTAMP_CLIENTS_*_SECRET", "HANDSTAMP_UPSTREAMS_*_CLIENT_SECRET"];

/// Everything an operator can set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the service listens and who may talk to it.
    pub server: ServerConfig,
    /// Where users, sessions and keys are kept.
    pub storage: StorageConfig,
    /// What the replicas share and may lose.
    pub redis: RedisConfig,
    /// How browsers keep what sign-in hands out.
    pub cookies: CookieConfig,
    /// What an access token says and how long it lives.
    pub tokens: TokenConfig,
    /// How the keys of access tokens and of the revocation feed take turns.
    pub keys: KeyConfig,
    /// How long a sign-in lasts.
    pub sessions: SessionConfig,
    /// What a password must be, and what checking one costs.
    pub passwords: PasswordConfig,
    /// How often somebody may try to prove who they are.
    pub rate_limits: RateLimitConfig,
    /// How the sign-in page and the account page look and speak.
    pub pages: PagesConfig,
    /// Who may follow the revocation feed.
    pub revocation: RevocationConfig,
    /// Token Status Lists, for services that do not follow the feed.
    pub status_lists: StatusListConfig,
    /// Machine clients, beside those that commands add.
    pub clients: BTreeMap<String, ClientConfig>,
    /// Other sign-in servers, through which people sign in here.
    pub upstreams: BTreeMap<String, UpstreamConfig>,
    /// Other domains, to which sign-ins are carried.
    pub sites: BTreeMap<String, SiteConfig>,
    /// Forward-auth for Envoy over gRPC.
    pub ext_authz: ExtAuthzConfig,
    /// Who may read the figures at `/metrics`.
    pub metrics: MetricsConfig,
    /// What the service writes about itself.
    pub log: LogConfig,
}

impl Config {
    /// Reads a configuration: defaults, then the file (its name and its text), then the overrides in their order.
    ///
    /// Finds every mistake, not only the first.
    pub fn load(file: Option<(&str, &str)>, overrides: &[Override]) -> Result<Self, ConfigError> {
        Source { file, overrides, others: None }.load()
    }

    /// Picks the overrides out of environment variables; see [`Override::from_variables`].
    pub fn overrides(
        variables: impl IntoIterator<Item = (String, String)>,
        reserved: &[&str],
    ) -> Result<Vec<Override>, ConfigError> {
        let reserved = [reserved, &SECRETS_OF_ENTRIES].concat();
        Override::from_variables(&[Self::keys()], variables, &reserved)
    }

    /// Returns the JSON Schema of the configuration file.
    pub fn schema() -> serde_json::Value {
        handstamp_settings::schema::<Self>()
    }

    /// Returns the whole configuration, defaults included, as TOML. Passwords in it are replaced.
    pub fn to_toml(&self) -> String {
        // Every value is a string, a number, a flag, a list of strings or a table of those: nothing TOML could not write.
        toml::to_string(self).unwrap_or_default()
    }

    /// Returns where the world reaches a service that listens at `listening`.
    pub fn public_url(&self, listening: std::net::SocketAddr) -> Result<PublicUrl, PublicUrlError> {
        match &self.server.public_url {
            Some(url) => PublicUrl::parse(url, self.server.insecure_http),
            None => PublicUrl::of_listener(listening, self.server.tls.is_on(), self.server.insecure_http),
        }
    }
}

impl Settings for Config {
    fn keys() -> &'static Keys {
        static KEYS: LazyLock<Keys> = LazyLock::new(Keys::of::<Config>);
        &KEYS
    }

    fn check(&self, problems: &mut Problems) {
        self.server.check(problems);
        self.ext_authz.check(problems);
        self.cookies.check(problems);
        self.rate_limits.check(problems);
        self.storage.check(problems);
        self.redis.check(problems);
        self.status_lists.check(self.tokens.lifetime, problems);
        self.pages.check(&self.server, problems);
        for (name, client) in &self.clients {
            client.check(name, problems);
        }
        for (name, upstream) in &self.upstreams {
            upstream.check(name, &self.server, problems);
        }
        sites::check(&self.sites, &self.server, &self.cookies, problems);
        self.check_settings(problems);
    }
}
