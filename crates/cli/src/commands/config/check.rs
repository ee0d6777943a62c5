use std::io::Write;

use clap::Args;
use handstamp_server::config::ConfigProblem;
use serde_json::{Value, json};

use crate::edge::settings::{SettingsArgs, SettingsError};
use crate::edge::{clients, encryption_key, logo, token_secret, upstream_credentials};
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
    let mut problems: Vec<ConfigProblem> = match command.settings.try_load_with(&[]) {
        Ok(mut config) => {
            // Only together with the address do the settings say where people reach the service.
            let url = config.public_url(config.server.listen).err();
            let url = url.map(|error| wrong("server.public_url", error.to_string()));
            // And only the file says whether it holds a key.
            let key = encryption_key::load(&config).err();
            let key = key.map(|failure| wrong("tokens.encryption_key_file", failure.to_string()));
            let secret = token_secret::load(&config).err();
            let secret = secret.map(|failure| wrong("tokens.secret_file", failure.to_string()));
            let logo = logo::load(&config).err().map(|failure| wrong("pages.logo_file", failure.to_string()));
            let clients = clients::load(&config).err().map(|failure| wrong("clients", failure.to_string()));
            let upstreams = upstream_credentials::load(&mut config).err();
            let upstreams = upstreams.map(|failure| wrong("upstreams", failure.to_string()));
            url.into_iter().chain(logo).chain(key).chain(secret).chain(clients).chain(upstreams).collect()
        }
        Err(SettingsError::Wrong(error)) => error.problems,
        Err(SettingsError::Unreadable(failure)) => return Err(failure),
    };
    // What both programs read is told once.
    if let Err(SettingsError::Wrong(error)) = command.settings.try_load_gateway() {
        let news =
            error.problems.into_iter().filter(|problem| !problems.contains(problem)).collect::<Vec<_>>();
        problems.extend(news);
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

fn wrong(key: &str, message: String) -> ConfigProblem {
    ConfigProblem { key: Some(key.to_owned()), place: None, message }
}
