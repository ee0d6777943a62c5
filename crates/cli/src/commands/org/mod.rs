//! `handstamp org`: groups of users whose data belongs together.

mod add;
mod list;
mod status;
mod view;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// Add, list, suspend and resume organisations
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp org add acme --name \"Acme Ltd\"
  handstamp org list
  handstamp org suspend acme")]
pub(crate) struct OrgCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(add::Add),
    List(list::List),
    Suspend(status::Suspend),
    Resume(status::Resume),
}

/// Runs an organisation command.
pub(crate) fn run(command: OrgCommand) -> Result<(), Failure> {
    match command.command {
        Command::Add(command) => add::run(&command),
        Command::List(command) => list::run(&command),
        Command::Suspend(command) => status::suspend(&command),
        Command::Resume(command) => status::resume(&command),
    }
}
