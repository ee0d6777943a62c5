//! `handstamp config`: what the settings are, whether they can be, and which there are.

mod check;
mod schema;
mod show;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// Check, show and describe the settings
///
/// Settings come from `handstamp.toml`, are overridden by variables (`HANDSTAMP_` + section + key:
/// `HANDSTAMP_TOKENS_LIFETIME=5m`), and those by flags.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp config check --config handstamp.toml
  handstamp config show
  handstamp config schema > handstamp.schema.json")]
pub(crate) struct ConfigCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Show(show::Show),
    Schema(schema::Schema),
}

/// Runs a config command.
pub(crate) fn run(command: ConfigCommand) -> Result<(), Failure> {
    match command.command {
        Command::Check(command) => check::run(&command),
        Command::Show(command) => show::run(&command),
        Command::Schema(command) => schema::run(&command),
    }
}
