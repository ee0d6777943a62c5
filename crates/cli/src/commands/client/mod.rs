//! `handstamp client`: machines that authenticate with a secret or a key of their own.

mod add;
mod list;
mod remove;
mod view;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// Add, list and remove machine clients
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp client add reports --scope orders:read --audience orders
  handstamp client add orders --audience profiles --exchange
  handstamp client list
  handstamp client remove reports")]
pub(crate) struct ClientCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(add::Add),
    List(list::List),
    Remove(remove::Remove),
}

/// Runs a client command.
pub(crate) fn run(command: ClientCommand) -> Result<(), Failure> {
    match command.command {
        Command::Add(command) => add::run(&command),
        Command::List(command) => list::run(&command),
        Command::Remove(command) => remove::run(&command),
    }
}
