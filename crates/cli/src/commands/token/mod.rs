//! `handstamp token`: sign, verify and read tokens by hand, without any service.

mod checks;
mod decode;
mod explain;
mod explanation;
mod issuer;
pub(super) mod keys;
mod meaning;
mod service;
mod sign;
mod verify;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// Sign, verify and read tokens by hand
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp token sign --key key.pem --claims claims.json --expires-in 10m
  handstamp token verify --jwks jwks.json --issuer https://auth.example --audience orders - < token
  handstamp token explain - < token")]
pub(crate) struct TokenCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Sign(sign::Sign),
    Verify(verify::Verify),
    Decode(decode::Decode),
    Explain(explain::Explain),
}

/// Runs a token command.
pub(crate) fn run(command: TokenCommand) -> Result<(), Failure> {
    match command.command {
        Command::Sign(command) => sign::run(&command),
        Command::Verify(command) => verify::run(&command),
        Command::Decode(command) => decode::run(&command),
        Command::Explain(command) => explain::run(&command),
    }
}

/// Parses the name of an algorithm, for `--alg`.
pub(super) fn algorithm(name: &str) -> Result<handstamp_token::Algorithm, String> {
    name.parse().map_err(|_| {
        format!("{name:?} is not an algorithm this build knows: expected one like ES256, RS256, PS256, EdDSA or HS256")
    })
}

/// Returns the time to work at: `--now`, or the clock.
fn time(now: Option<i64>) -> handstamp_token::UnixTime {
    handstamp_token::UnixTime::from_secs(now.unwrap_or_else(|| crate::edge::clock::now().as_second()))
}
