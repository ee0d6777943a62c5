use std::io::Write;

use clap::Args;
use serde_json::Value;

use crate::edge::settings::SettingsArgs;
use crate::failure::Failure;
use crate::output::{self, OutputArgs};

/// Print every setting as it counts: defaults, file, variables and flags together. Passwords are left out
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp config show
  handstamp config show --json | jq .tokens.lifetime")]
pub(super) struct Show {
    #[command(flatten)]
    settings: SettingsArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(command: &Show) -> Result<(), Failure> {
    let shown = command.settings.load()?.to_toml() + &command.settings.load_gateway()?.to_toml();
    if command.output.json {
        let settings: Value = toml::from_str(&shown)
            .map_err(|cause| Failure::because("the settings cannot be written as JSON", &cause))?;
        return output::json(&settings);
    }
    write!(output::stdout(), "{shown}")?;
    Ok(())
}
