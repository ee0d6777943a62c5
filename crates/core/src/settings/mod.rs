//! What an operator can set, as plain data with the product's defaults. Reading files and the environment is `cli`'s part.

use std::collections::BTreeMap;

use crate::{
    flows::clients,
    model::{Client, ClientId, UpstreamName},
};

mod encryption;
mod keys;
mod passwords;
mod secrets;
mod sessions;
mod status_lists;
mod tokens;
mod upstreams;

pub use encryption::TokenEncryption;
pub use keys::KeySettings;
pub use passwords::PasswordSettings;
pub use secrets::{TokenSecrets, TokenSecretsError};
pub use sessions::SessionSettings;
pub use status_lists::StatusListSettings;
pub use tokens::{LEEWAY_CAP, TokenSettings};
pub use upstreams::{LinkRule, UpstreamSettings};

/// Everything the rules can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The public URL of the auth service: the `iss` of every token.
    pub issuer: String,
    /// The `aud` of every token. The issuer is always one of them, for the auth service's own routes.
    pub audiences: Vec<String>,
    /// Access tokens.
    pub tokens: TokenSettings,
    /// How keys take turns.
    pub keys: KeySettings,
    /// Sessions and refresh.
    pub sessions: SessionSettings,
    /// Passwords and their hashing.
    pub passwords: PasswordSettings,
    /// Whether new sessions get places in status lists. Off by default.
    pub status_lists: Option<StatusListSettings>,
    /// Machine clients that the operator has written down. The store knows nothing of them, and whom it knows by the same id is
    /// not heard.
    pub clients: BTreeMap<ClientId, Client>,
    /// Who may come from which upstream. None by default.
    pub upstreams: BTreeMap<UpstreamName, UpstreamSettings>,
}

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {problem}")]
pub struct SettingsError {
    /// The setting, as the configuration file spells it: `sessions.refresh_grace`.
    pub name: &'static str,
    /// What is wrong with it, and what would do.
    pub problem: String,
}

impl SettingsError {
    pub(crate) fn new(name: &'static str, problem: impl Into<String>) -> Self {
        Self { name, problem: problem.into() }
    }
}

impl Settings {
    /// Returns the defaults for an issuer.
    pub fn new(issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        Self {
            audiences: vec![issuer.clone()],
            issuer,
            tokens: TokenSettings::default(),
            keys: KeySettings::default(),
            sessions: SessionSettings::default(),
            passwords: PasswordSettings::default(),
            status_lists: None,
            clients: BTreeMap::new(),
            upstreams: BTreeMap::new(),
        }
    }

    /// Adds an audience, unless it is there already.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        let audience = audience.into();
        if !self.audiences.contains(&audience) {
            self.audiences.push(audience);
        }
        self
    }

    /// Checks that the settings fit together.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.issuer.is_empty() {
            return Err(SettingsError::new(
                "issuer",
                "is empty; expected the public URL of the auth service",
            ));
        }
        if !self.audiences.contains(&self.issuer) {
            return Err(SettingsError::new(
                "audiences",
                "must hold the issuer, for the auth service's own routes",
            ));
        }
        self.tokens.check()?;
        self.keys.check(self.tokens.lifetime)?;
        self.sessions.check()?;
        self.passwords.check()?;
        for id in self.clients.keys() {
            let refused = |error| SettingsError::new("clients", format!("cannot hold {id}: {error}"));
            clients::check_id(id).map_err(refused)?;
        }
        upstreams::check(&self.upstreams)?;
        self.status_lists.as_ref().map_or(Ok(()), StatusListSettings::check)
    }
}

impl Default for Settings {
    /// Returns the defaults for a service on this machine. Anything else names its issuer.
    fn default() -> Self {
        Self::new("http://localhost")
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn the_defaults_fit_together() {
        assert_eq!(Settings::default().check(), Ok(()));
    }

    #[test]
    fn the_issuer_is_always_an_audience() {
        let mut settings = Settings::new("https://auth.example").audience("orders");
        assert_eq!(settings.audiences, ["https://auth.example", "orders"]);
        settings.audiences.remove(0);
        assert_eq!(settings.check().map_err(|error| error.name), Err("audiences"));
    }
}
