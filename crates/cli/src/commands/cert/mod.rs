//! `handstamp cert`: certificates for TLS.

mod dev;
mod issue;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// Make a certificate for development
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp cert dev
  handstamp cert dev --host app.test --out ./certificates")]
pub(crate) struct CertCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Dev(dev::Dev),
}

/// Runs a certificate command.
pub(crate) fn run(command: &CertCommand) -> Result<(), Failure> {
    match &command.command {
        Command::Dev(command) => dev::run(command),
    }
}
