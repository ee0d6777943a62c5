use std::collections::BTreeMap;
use std::path::Path;

use handstamp_core::model::{Client, ClientId, ClientKeys, ClientProof, ClientSecretHash};
use handstamp_server::config::{ClientConfig, Config};
use zeroize::Zeroizing;

use super::{environment, input, secret_file};
use crate::failure::Failure;

/// Returns the machine clients of `[clients.NAME]`, each with the hash of its secret or its keys.
pub(crate) fn load(config: &Config) -> Result<BTreeMap<ClientId, Client>, Failure> {
    load_with(config, proof)
}

/// Returns them with hashes that no secret matches.
pub(crate) fn load_without_secrets(config: &Config) -> Result<BTreeMap<ClientId, Client>, Failure> {
    load_with(config, |name, client| match &client.public_key_file {
        Some(path) => read_keys(name, path),
        None => Ok(ClientProof::Secret(ClientSecretHash::of_nobodys())),
    })
}

fn load_with(
    config: &Config,
    proof: impl Fn(&str, &ClientConfig) -> Result<ClientProof, Failure>,
) -> Result<BTreeMap<ClientId, Client>, Failure> {
    let mut clients = BTreeMap::new();
    for (name, client) in &config.clients {
        // A name that cannot be was refused when the configuration was loaded.
        if let Some(client) = client.client(name, proof(name, client)?) {
            clients.insert(client.id.clone(), client);
        }
    }
    Ok(clients)
}

fn proof(name: &str, client: &ClientConfig) -> Result<ClientProof, Failure> {
    let variable = ClientConfig::secret_variable(name);
    let in_variable = environment::text(&variable).map(Zeroizing::new);
    let twice = |setting: &str| {
        Failure::new(format!(
            "clients.{name}.{setting} and {variable} both say how {name} proves who it is: leave one of them out"
        ))
    };
    match (&client.secret_file, &client.public_key_file, in_variable) {
        (Some(_), _, Some(_)) => Err(twice("secret_file")),
        (_, Some(_), Some(_)) => Err(twice("public_key_file")),
        (Some(path), _, None) => {
            let secret = read_secret(name, path)?;
            hash(&secret, &format!("the secret of {name} in {}", path.display()))
        }
        (None, Some(path), None) => read_keys(name, path),
        (None, None, Some(secret)) => hash(&secret, &variable),
        (None, None, None) => Err(Failure::new(format!(
            "clients.{name} does not say how it proves who it is: name a file in clients.{name}.secret_file or \
             clients.{name}.public_key_file, or set {variable}"
        ))),
    }
}

fn read_secret(name: &str, path: &Path) -> Result<Zeroizing<String>, Failure> {
    let what = format!("the secret of the client {name},");
    secret_file::read(path, &what)?.ok_or_else(|| {
        let shown = path.display();
        Failure::new(format!(
            "{what} {shown} is missing: restore the file, or make one with `(umask 077; openssl rand -base64 48 > {shown})`"
        ))
    })
}

fn hash(secret: &str, place: &str) -> Result<ClientProof, Failure> {
    // The line end that `openssl` and editors add is no part of it.
    let hash = ClientSecretHash::of_chosen(secret.trim_end());
    hash.map(ClientProof::Secret)
        .map_err(|cause| Failure::because(format_args!("{place} cannot be used"), &cause))
}

fn read_keys(name: &str, path: &Path) -> Result<ClientProof, Failure> {
    let shown = path.display();
    let bytes = input::read(&path.to_string_lossy(), &format!("the public key of the client {name}"))?;
    // What is not UTF-8 is no key either.
    let keys = ClientKeys::read(&String::from_utf8_lossy(&bytes));
    keys.map(ClientProof::Keys).map_err(|cause| {
        Failure::because(
            format_args!("the public key of the client {name} in {shown} cannot be used"),
            &cause,
        )
    })
}
