use std::{path::PathBuf, time::Duration};

use handstamp_core::settings::TokenSettings;
use handstamp_token::Algorithm;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration;

/// `[tokens]`: what an access token says and how long it lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenConfig {
    /// How long an access token lives.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub lifetime: Duration,
    /// The algorithm new signing keys are made for, such as `ES256`, `RS256` or `Ed25519`. `HS256` takes a secret that every service
    /// holds, and could sign with.
    #[schemars(with = "String")]
    pub algorithm: Algorithm,
    /// A file with the secrets for `HS256`, 32 bytes or more each and separated by white space: the first signs, tokens of the
    /// others are still taken. The variable `HANDSTAMP_TOKENS_SECRET` can hold them instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// Who may accept the tokens, besides the auth service itself.
    pub audiences: Vec<String>,
    /// Claims of users that go into tokens.
    pub custom_claims: Vec<String>,
    /// How far the clocks of services may be apart.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub leeway: Duration,
    /// A file with the private JWK that access tokens are encrypted to, or a set of them, the current one first. Services
    /// that verify tokens hold the same key. Without it, whoever holds a token can read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_key_file: Option<PathBuf>,
}

impl Default for TokenConfig {
    fn default() -> Self {
        let rules = TokenSettings::default();
        Self {
            lifetime: rules.lifetime,
            algorithm: rules.algorithm,
            secret_file: None,
            audiences: Vec::new(),
            custom_claims: rules.custom_claims,
            leeway: rules.leeway,
            encryption_key_file: None,
        }
    }
}
