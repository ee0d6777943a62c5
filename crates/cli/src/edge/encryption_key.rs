use std::path::Path;

use handstamp_core::settings::TokenEncryption;
use handstamp_server::config::Config;

use super::secret_file;
use crate::failure::Failure;

/// What the file is called in errors.
const WHAT: &str = "the encryption key";

/// Returns what access tokens are encrypted to, read from `tokens.encryption_key_file`; `None` where tokens are only signed.
pub(crate) fn load(config: &Config) -> Result<Option<TokenEncryption>, Failure> {
    config.tokens.encryption_key_file.as_deref().map(read).transpose()
}

/// Reads the key, or the set of them, that a file holds.
pub(crate) fn read(path: &Path) -> Result<TokenEncryption, Failure> {
    let shown = path.display();
    let text = secret_file::read(path, WHAT)?.ok_or_else(|| {
        Failure::new(format!(
            "{WHAT} {shown} is missing: restore the file, make one with `handstamp key generate-encryption {shown}`, \
             or leave out encryption_key_file"
        ))
    })?;
    TokenEncryption::from_jwk_json(text.as_bytes()).map_err(|cause| {
        Failure::because(
            format_args!(
                "{WHAT} {shown} cannot be used, expected a private JWK for encryption or a set of them"
            ),
            &cause,
        )
    })
}
