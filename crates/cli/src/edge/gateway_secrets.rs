//! What the gateway keeps to itself: read from files and variables, never from the settings.

use handstamp_gateway::config::GatewayConfig;
use handstamp_verify::DecryptionKey;
use handstamp_verify::revocation::ClientSecret;

use super::{encryption_key, environment, secret_file};
use crate::failure::Failure;

/// Returns the secret that the gateway shows the auth service; `None` where it has none.
pub(crate) fn client_secret(config: &GatewayConfig) -> Result<Option<ClientSecret>, Failure> {
    const WHAT: &str = "the secret of gateway.client_id";
    if let Some(secret) = environment::text(environment::GATEWAY_CLIENT_SECRET) {
        return Ok(Some(ClientSecret::new(secret)));
    }
    let Some(path) = &config.client_secret_file else { return Ok(None) };
    let text = secret_file::read(path, WHAT)?
        .ok_or_else(|| Failure::new(format!("{WHAT} {} is missing", path.display())))?;
    Ok(Some(ClientSecret::new(text.trim())))
}

/// Returns the keys that the auth service encrypts tokens to.
pub(crate) fn decryption_keys(config: &GatewayConfig) -> Result<Vec<DecryptionKey>, Failure> {
    let keys = config.encryption_key_file.as_deref().map(encryption_key::read).transpose()?;
    Ok(keys.map(|keys| keys.keys().to_vec()).unwrap_or_default())
}
