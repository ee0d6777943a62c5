use std::io::Write;

use clap::Args;
use handstamp_gateway::config::GatewayConfig;
use handstamp_server::config::{CertificateConfig, ConfigProblem};
use handstamp_store_sqlite::OpenMode;
use serde_json::{Value, json};

use crate::edge::certificates::CertificateFiles;
use crate::edge::settings::{SettingsArgs, SettingsError};
use crate::edge::{
    clients, encryption_key, gateway_secrets, logo, shared, store, token_secret, upstream_credentials,
};
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Say whether the settings can be used, and every mistake in them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp config check
  handstamp config check --config /etc/handstamp.toml --json")]
pub(super) struct Check {
    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &Check) -> Result<(), Failure> {
    let mut problems = service(command)?;
    for problem in gateway(command)? {
        // What both programs read is told once.
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    if command.output.json {
        let shown: Vec<Value> = problems
            .iter()
            .map(|problem| json!({ "key": problem.key, "place": problem.place, "message": problem.message }))
            .collect();
        output::json(&json!({ "ok": problems.is_empty(), "problems": shown }))?;
    } else {
        let mut out = output::stdout();
        for problem in &problems {
            writeln!(out, "{}", output::printable(&problem.to_string()))?;
        }
        if problems.is_empty() {
            let good = out.style.good("The settings can be used.");
            writeln!(out, "{good}")?;
        }
    }
    match problems.len() {
        0 => Ok(()),
        1 => Err(Failure::new("the settings have a mistake")),
        n => Err(Failure::new(format!("the settings have {n} mistakes"))),
    }
}

/// Returns what is wrong with the auth service's settings, or with what they name.
fn service(command: &Check) -> Result<Vec<ConfigProblem>, Failure> {
    let mut config = match command.settings.try_load_with(&[]) {
        Ok(config) => config,
        Err(SettingsError::Wrong(error)) => return Ok(error.problems),
        Err(SettingsError::Unreadable(failure)) => return Err(failure),
    };
    // Only together with the address do the settings say where people reach the service.
    let url = config.public_url(config.server.listen).err();
    let url = url.map(|error| wrong("server.public_url", error.to_string()));
    // And only the files say whether they hold what they should.
    let files = [
        found("tokens.encryption_key_file", encryption_key::load(&config)),
        found("tokens.secret_file", token_secret::load(&config)),
        found("pages.logo_file", logo::load(&config)),
        found("clients", clients::load(&config)),
        found("server.tls.certificate_file", certificate(&config.server.tls.certificate())),
        found("ext_authz.tls.certificate_file", certificate(&config.ext_authz.tls)),
        found("storage", store::postgres_options(&config.storage, OpenMode::Command)),
        found("redis", shared::redis_options(&config)),
        found("upstreams", upstream_credentials::load(&mut config)),
    ];
    Ok(url.into_iter().chain(files.into_iter().flatten()).collect())
}

/// Returns what is wrong with the gateway's settings, or with what they name. A file may have none of them.
fn gateway(command: &Check) -> Result<Vec<ConfigProblem>, Failure> {
    let config = match command.settings.try_load_gateway() {
        Ok(config) if config.gateway == GatewayConfig::default() => return Ok(Vec::new()),
        Ok(config) => config.gateway,
        Err(SettingsError::Wrong(error)) => return Ok(error.problems),
        Err(SettingsError::Unreadable(failure)) => return Err(failure),
    };
    let url = config.public_url(config.listen).err();
    let url = url.map(|error| wrong("gateway.public_url", error.to_string()));
    let secret = gateway_secrets::client_secret(&config);
    let is_missing = config.client_id.is_some() && matches!(secret, Ok(None));
    let missing = is_missing.then(|| {
        let told =
            "the secret of the client is missing: name its file, or set HANDSTAMP_GATEWAY_CLIENT_SECRET";
        wrong("gateway.client_secret_file", told.to_owned())
    });
    let files = [
        found("gateway.client_secret_file", secret),
        found("gateway.encryption_key_file", gateway_secrets::decryption_keys(&config)),
        found("gateway.tls.certificate_file", certificate(&config.tls.certificate())),
    ];
    Ok(url.into_iter().chain(missing).chain(files.into_iter().flatten()).collect())
}

/// Reads what a listener is to show.
fn certificate(config: &CertificateConfig) -> Result<(), Failure> {
    CertificateFiles::of(config).map_or(Ok(()), |files| files.read().map(drop))
}

fn found<T>(key: &str, read: Result<T, Failure>) -> Option<ConfigProblem> {
    read.err().map(|failure| wrong(key, failure.to_string()))
}

fn wrong(key: &str, message: String) -> ConfigProblem {
    ConfigProblem { key: Some(key.to_owned()), place: None, message }
}
