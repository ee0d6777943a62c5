//! `handstamp key`: the keys that sign, the one that tokens are encrypted to, and the one that all are sealed under.

mod generate_encryption;
mod generate_root;
mod list;
mod purpose;
mod revoke;
mod rotate;
mod view;
mod words;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// List, rotate and revoke signing keys; make encryption keys and root keys
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp key list
  handstamp key rotate
  handstamp key revoke KID
  handstamp key generate-encryption tokens.jwk
  handstamp key generate-root root.key")]
pub(crate) struct KeyCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Rotate(rotate::Rotate),
    Revoke(revoke::Revoke),
    GenerateEncryption(generate_encryption::GenerateEncryption),
    GenerateRoot(generate_root::GenerateRoot),
}

/// Runs a key command.
pub(crate) fn run(command: KeyCommand) -> Result<(), Failure> {
    match command.command {
        Command::List(command) => list::run(&command),
        Command::Rotate(command) => rotate::run(&command),
        Command::Revoke(command) => revoke::run(&command),
        Command::GenerateEncryption(command) => generate_encryption::run(&command),
        Command::GenerateRoot(command) => generate_root::run(&command),
    }
}
