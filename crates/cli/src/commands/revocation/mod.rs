//! `handstamp revocation`: the log of what was taken back.

mod new_epoch;
mod status;
mod view;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// Look at the revocation log, and begin a new epoch after a restored backup
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp revocation status
  handstamp revocation new-epoch")]
pub(crate) struct RevocationCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Status(status::Status),
    NewEpoch(new_epoch::NewEpoch),
}

/// Runs a command about revocations.
pub(crate) fn run(command: RevocationCommand) -> Result<(), Failure> {
    match command.command {
        Command::Status(command) => status::run(&command),
        Command::NewEpoch(command) => new_epoch::run(&command),
    }
}
