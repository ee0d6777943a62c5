use std::path::Path;

use handstamp_core::settings::{TokenSecrets, TokenSecretsError};
use handstamp_server::config::Config;
use handstamp_token::Algorithm;
use zeroize::Zeroizing;

use super::{environment, secret_file};
use crate::failure::Failure;

/// What the file is called in errors.
const WHAT: &str = "the token secret";

/// Returns what access tokens are signed with, where `tokens.algorithm` shares a secret; `None` where the service makes key pairs.
pub(crate) fn load(config: &Config) -> Result<Option<TokenSecrets>, Failure> {
    let algorithm = config.tokens.algorithm;
    if !algorithm.is_symmetric() {
        return Ok(None);
    }
    let variable = environment::text(environment::TOKEN_SECRET).map(Zeroizing::new);
    match (config.tokens.secret_file.as_deref(), variable) {
        (Some(_), Some(_)) => Err(Failure::new(format!(
            "tokens.secret_file and {} both name the token secret: leave one of them out",
            environment::TOKEN_SECRET
        ))),
        (Some(path), None) => read(algorithm, path).map(Some),
        (None, Some(text)) => {
            let secrets = TokenSecrets::from_text(algorithm, &text);
            secrets.map(Some).map_err(|cause| unusable(environment::TOKEN_SECRET, algorithm, &cause))
        }
        (None, None) => Err(Failure::new(format!(
            "{algorithm} signs with a secret: name its file in tokens.secret_file, or set {}; with ES256 none is needed",
            environment::TOKEN_SECRET
        ))),
    }
}

fn read(algorithm: Algorithm, path: &Path) -> Result<TokenSecrets, Failure> {
    let shown = path.display();
    let text = secret_file::read(path, WHAT)?.ok_or_else(|| {
        Failure::new(format!(
            "{WHAT} {shown} is missing: restore the file, or make one with `(umask 077; openssl rand -base64 48 > {shown})`"
        ))
    })?;
    TokenSecrets::from_text(algorithm, &text)
        .map_err(|cause| unusable(&format!("{WHAT} {shown}"), algorithm, &cause))
}

fn unusable(place: &str, algorithm: Algorithm, cause: &TokenSecretsError) -> Failure {
    Failure::because(format_args!("{place} cannot be used for {algorithm}"), cause)
}
