use std::sync::Arc;

use clap::Args;
use handstamp_server::config::Config;
use handstamp_store_postgres::migrations::{self, StepKind, StepStatus};
use handstamp_store_postgres::{OpenError, PostgresOptions};
use handstamp_store_sqlite::{OpenMode, SchemaVersion, schema_version};
use handstamp_token::SystemEntropy;
use serde_json::json;

use crate::edge::settings::SettingsArgs;
use crate::edge::store::{OpenStore, postgres_options};
use crate::edge::{house, runtime};
use crate::failure::Failure;
use crate::output::{self, OutputArgs, Table};

/// Bring the database up to date with this version, or show how far it is
///
/// `serve` does this by itself when it starts, unless `[storage] migrate = false`. What it does leaves the version before this one working, so
/// that both may run while one takes the place of the other.
///
/// Some steps take away what only older versions need. They are taken with --contract: say it when no older version runs any more.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp migrate --status
  handstamp migrate
  handstamp migrate --contract --config /etc/handstamp.toml")]
pub(crate) struct Migrate {
    /// Show what was done and what is missing, and change nothing
    #[arg(long, conflicts_with = "contract")]
    status: bool,

    /// Also take away what only older versions need: none of them may be running
    #[arg(long)]
    contract: bool,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

/// Migrates the database.
pub(crate) fn run(command: &Migrate) -> Result<(), Failure> {
    let config = command.settings.load()?;
    house::must_be_there(&config)?;
    match postgres_options(&config.storage, OpenMode::Command)? {
        Some(options) => postgres(command, &options),
        None => embedded(command, &config),
    }
}

fn postgres(command: &Migrate, options: &PostgresOptions) -> Result<(), Failure> {
    let failed = |cause: OpenError| Failure::because("cannot migrate the database", &cause);
    let kind = if command.contract { StepKind::Contract } else { StepKind::Expand };
    let steps = runtime::block_on(async {
        if !command.status {
            migrations::apply(options, kind).await.map_err(failed)?;
        }
        migrations::status(options).await.map_err(failed)
    })?;
    if command.output.json {
        let steps: Vec<_> = steps.iter().map(as_json).collect();
        return output::json(&json!({ "store": "postgresql", "steps": steps }));
    }
    let mut table = Table::new(&["STEP", "NAME", "KIND", "TAKEN"]);
    for step in &steps {
        table.row([step.number.to_string(), step.name.clone(), step.kind.as_str().to_owned(), taken(step)]);
    }
    table.print(&mut output::stdout())?;
    Ok(())
}

fn as_json(step: &StepStatus) -> serde_json::Value {
    json!({
        "number": step.number,
        "name": step.name,
        "kind": step.kind.as_str(),
        "applied_at": step.applied_at,
        "is_known": step.is_known,
    })
}

fn taken(step: &StepStatus) -> String {
    match (step.applied_at, step.is_known, step.kind) {
        (Some(at), true, _) => at.to_string(),
        (Some(at), false, _) => format!("{at}, by a newer version"),
        (None, _, StepKind::Expand) => "no: `handstamp migrate`".to_owned(),
        (None, _, StepKind::Contract) => {
            "no: `handstamp migrate --contract`, when no older version runs".to_owned()
        }
    }
}

/// Every process of the embedded store is on one machine, and none outlives the file's schema: its steps are all taken at once.
fn embedded(command: &Migrate, config: &Config) -> Result<(), Failure> {
    if !command.status {
        runtime::block_on(async {
            let store = OpenStore::open(config, OpenMode::Command, Arc::new(SystemEntropy)).await?;
            store.close().await
        })?;
    }
    let SchemaVersion { found, known } = schema_version(&config.storage.data)
        .map_err(|cause| Failure::because("cannot read the database", &cause))?;
    if command.output.json {
        return output::json(&json!({ "store": "sqlite", "schema": found, "known": known }));
    }
    if found == known {
        return output::line(format_args!("schema version {found}, up to date"));
    }
    output::line(format_args!(
        "schema version {found} of {known}: `handstamp migrate` or the next `handstamp serve` brings it up to date"
    ))
}
