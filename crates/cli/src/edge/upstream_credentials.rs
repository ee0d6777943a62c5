use std::path::Path;

use handstamp_server::config::{ClientAuth, Config, UpstreamConfig};
use handstamp_server::{ClientCredential, ClientSecret};
use handstamp_token::{Algorithm, KeyError, SigningKey};
use zeroize::Zeroizing;

use super::{environment, secret_file};
use crate::failure::Failure;

/// The algorithms that a PEM file may be for. RSA fits several: RS256 is what every server takes.
const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa, Algorithm::Rs256];

/// Reads what proves to each upstream who we are, from files and variables, into the configuration.
pub(crate) fn load(config: &mut Config) -> Result<(), Failure> {
    refuse_strays(config)?;
    for (name, upstream) in &mut config.upstreams {
        upstream.credential = match upstream.client_auth {
            ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost => {
                Some(ClientCredential::Secret(secret(name, upstream)?))
            }
            ClientAuth::PrivateKeyJwt => upstream
                .private_key_file
                .as_deref()
                .map(|path| key(name, path).map(ClientCredential::Key))
                .transpose()?,
            ClientAuth::None => None,
        };
    }
    Ok(())
}

/// A secret for an upstream that there is not is most likely for one whose name is misspelt.
fn refuse_strays(config: &Config) -> Result<(), Failure> {
    let is_known = |variable: &str| {
        config.upstreams.keys().any(|name| UpstreamConfig::secret_variable(name) == variable)
    };
    let (before, after) = ("HANDSTAMP_UPSTREAMS_", "_CLIENT_SECRET");
    let stray = environment::ours()
        .into_iter()
        .map(|(variable, _)| variable)
        .find(|variable| variable.starts_with(before) && variable.ends_with(after) && !is_known(variable));
    let Some(stray) = stray else { return Ok(()) };
    let names: Vec<&str> = config.upstreams.keys().map(String::as_str).collect();
    let there =
        if names.is_empty() { "there are none".to_owned() } else { format!("they are {}", names.join(", ")) };
    Err(Failure::new(format!("the variable {stray} belongs to no upstream: {there}")))
}

fn secret(name: &str, upstream: &UpstreamConfig) -> Result<ClientSecret, Failure> {
    let what = format!("the client secret of the upstream {name}");
    let variable = UpstreamConfig::secret_variable(name);
    let text = environment::text(&variable).map(Zeroizing::new);
    let (place, text) = match (upstream.client_secret_file.as_deref(), text) {
        (Some(_), Some(_)) => {
            return Err(Failure::new(format!(
                "upstreams.{name}.client_secret_file and {variable} both name {what}: leave one of them out"
            )));
        }
        (Some(path), None) => (path.display().to_string(), read(path, &what)?),
        (None, Some(text)) => (variable, text),
        (None, None) => {
            return Err(Failure::new(format!(
                "{what} is missing: name its file in upstreams.{name}.client_secret_file, or set {variable}; \
                 a client without a secret has client_auth = \"none\""
            )));
        }
    };
    ClientSecret::new(&text).ok_or_else(|| Failure::new(format!("{what} is empty: {place}")))
}

fn key(name: &str, path: &Path) -> Result<SigningKey, Failure> {
    let what = format!("the client key of the upstream {name}");
    let text = read(path, &what)?;
    let key = if text.trim_start().starts_with('{') {
        SigningKey::from_jwk_json(text.as_bytes())
    } else {
        from_pem(&text)
    };
    let shown = path.display();
    let key = key.map_err(|cause| {
        Failure::because(format_args!("{what} {shown} cannot be used, expected a private JWK or PEM"), &cause)
    })?;
    if key.algorithm().is_symmetric() {
        return Err(Failure::new(format!(
            "{what} {shown} is a shared secret: private_key_jwt signs with a key pair"
        )));
    }
    Ok(key)
}

fn from_pem(text: &str) -> Result<SigningKey, KeyError> {
    let mut refused = None;
    for algorithm in ALGORITHMS {
        match SigningKey::from_pem(algorithm, text) {
            Ok(key) => return Ok(key),
            // Of another kind than this algorithm's: what is wrong with the right kind is the better answer.
            Err(error @ KeyError::WrongKind { .. }) => refused = refused.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    Err(refused.unwrap_or(KeyError::Pem { problem: "it holds no key" }))
}

fn read(path: &Path, what: &str) -> Result<Zeroizing<String>, Failure> {
    secret_file::read(path, what)?
        .ok_or_else(|| Failure::new(format!("{what} is missing: there is no file {}", path.display())))
}
