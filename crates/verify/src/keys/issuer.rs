use std::sync::Arc;
use std::time::Duration;

use handstamp_token::{Entropy, KeySet, Rejection, UnixTime, Validator, VerifiedToken};
use serde::de::DeserializeOwned;
use url::Url;

use super::SharedKeys;
use super::remote::{RemoteKeys, RemoteSettings};
use crate::http_client::{HttpClient, PlainHttp};
use crate::verifier::BuildError;

/// The keys of an issuer elsewhere, for its tokens that are no access tokens: ID tokens, logout tokens.
///
/// They are fetched ahead and in the background, and kept while the issuer is away. Tokens that name an unknown key cause one
/// fetch in a while, however many there are. Fetching ends when this is dropped.
pub struct IssuerKeys {
    keys: SharedKeys,
    remote: RemoteKeys,
}

/// How the keys are fetched and kept.
#[derive(Debug, Clone)]
pub struct IssuerKeysOptions {
    /// The time between two refreshes. Default: one hour.
    pub refresh_interval: Duration,
    /// How often tokens that name unknown keys may cause a fetch. Default: every 30 seconds.
    pub unknown_key_cooldown: Duration,
    /// How long one request may take. Default: 5 seconds.
    pub timeout: Duration,
    /// How long keys are believed while the issuer cannot be reached. Default: 24 hours.
    pub max_stale: Duration,
}

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerKeysError {
    /// The token was refused. The sender's fault, or time's.
    #[error("the token was refused")]
    Rejected(#[from] Rejection),
    /// The issuer's keys cannot be fetched: it cannot be told. The log has the cause.
    #[error("the issuer's keys cannot be fetched")]
    Unavailable {
        /// When it is worth while to try again.
        retry_after: Duration,
    },
}

impl Default for IssuerKeysOptions {
    fn default() -> Self {
        Self {
            refresh_interval: Duration::from_hours(1),
            unknown_key_cooldown: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            max_stale: Duration::from_hours(24),
        }
    }
}

impl IssuerKeys {
    /// Starts to fetch the keys from this address: https, or plain http within this machine. Must be called inside a tokio
    /// runtime.
    pub fn follow(
        issuer: &str,
        jwks_uri: &Url,
        options: &IssuerKeysOptions,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, BuildError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(BuildError::NoRuntime);
        }
        let client = HttpClient::new(options.timeout, PlainHttp::Loopback)
            .map_err(|problem| BuildError::HttpClient { problem: problem.to_string() })?;
        if !client.may_ask(jwks_uri) {
            return Err(BuildError::Address { given: jwks_uri.to_string() });
        }
        let keys = SharedKeys::new(KeySet::default());
        let settings = RemoteSettings {
            refresh_interval: options.refresh_interval,
            cooldown: options.unknown_key_cooldown,
            timeout: options.timeout,
            max_stale: options.max_stale,
            jwks_uri: Some(jwks_uri.clone()),
        };
        // The address of the keys is given, so that the issuer's own is never asked.
        let remote =
            RemoteKeys::spawn(jwks_uri.clone(), issuer.to_owned(), client, settings, entropy, keys.clone());
        Ok(Self { keys, remote })
    }

    /// Verifies a token with the key that it names. Fetches the keys anew where that is unknown.
    pub async fn verify<C: DeserializeOwned>(
        &self,
        validator: &Validator,
        token: &str,
        now: UnixTime,
    ) -> Result<VerifiedToken<C>, IssuerKeysError> {
        let verified = validator.verify(token, &self.keys.keys(), now);
        if !verified.as_ref().is_err_and(newer_keys_help) {
            return Ok(verified?);
        }
        self.remote.ask().await;
        match validator.verify(token, &self.keys.keys(), now) {
            Err(rejection) if newer_keys_help(&rejection) && self.remote.is_failing() => {
                Err(IssuerKeysError::Unavailable { retry_after: self.remote.retry_after() })
            }
            verified => Ok(verified?),
        }
    }
}

fn newer_keys_help(rejection: &Rejection) -> bool {
    matches!(rejection, Rejection::UnknownKey { .. } | Rejection::MissingKeyId { available: 0 })
}

impl std::fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuerKeys").field("keys", &self.keys).finish_non_exhaustive()
    }
}
