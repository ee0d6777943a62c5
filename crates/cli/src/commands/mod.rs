//! The table of all commands: one verb, one file.

mod token;

use clap::{Parser, Subcommand};

use crate::failure::Failure;

/// Sign in once, every service verifies for itself, and it can be taken back
///
/// Handstamp is an authentication service for single-page apps and microservices: it issues signed tokens in
/// hardened cookies, every service checks them without a network call, and they can be taken back.
#[derive(Debug, Parser)]
#[command(name = "handstamp", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Handstamp {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  handstamp demo                              see the whole idea work on this machine
  handstamp serve --data ./handstamp-data     run the auth service
  handstamp user add ann --email ann@example.org --role buyer
  handstamp token explain -                   read a token, claim by claim

Exit codes: 0 done, 1 failed (one sentence on stderr says why), 2 wrong usage.";

#[derive(Debug, Subcommand)]
enum Command {
    Token(token::Token),
}

/// Runs a command.
pub(crate) fn run(handstamp: Handstamp) -> Result<(), Failure> {
    match handstamp.command {
        Command::Token(command) => token::run(command),
    }
}
