//! The table of all commands: one verb, one file.

mod audit;
mod backup;
mod cert;
mod client;
mod config;
mod demo;
mod dev_issuer;
mod doctor;
mod export;
mod gateway;
mod import;
mod key;
mod migrate;
mod org;
mod revocation;
mod serve;
mod token;
mod user;

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
  handstamp gateway --config gateway.toml     run the front on an app's own domain
  handstamp user add ann --email ann@example.org --role buyer
  handstamp token explain -                   read a token, claim by claim

Exit codes: 0 done, 1 failed (one sentence on stderr says why), 2 wrong usage.";

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    DevIssuer(dev_issuer::DevIssuer),
    Serve(serve::Serve),
    Gateway(gateway::GatewayCommand),
    User(user::UserCommand),
    Org(org::OrgCommand),
    Client(client::ClientCommand),
    Cert(cert::CertCommand),
    Key(key::KeyCommand),
    Revocation(revocation::RevocationCommand),
    Token(token::TokenCommand),
    Audit(Box<audit::AuditCommand>),
    Config(config::ConfigCommand),
    Doctor(doctor::Doctor),
    Migrate(migrate::Migrate),
    Backup(backup::Backup),
    Export(export::Export),
    Import(import::Import),
}

/// Runs a command.
pub(crate) fn run(handstamp: Handstamp) -> Result<(), Failure> {
    match handstamp.command {
        Command::Demo(command) => demo::run(&command),
        Command::DevIssuer(command) => dev_issuer::run(&command),
        Command::Serve(command) => serve::run(&command),
        Command::Gateway(command) => gateway::run(&command),
        Command::User(command) => user::run(command),
        Command::Org(command) => org::run(command),
        Command::Client(command) => client::run(command),
        Command::Cert(command) => cert::run(&command),
        Command::Key(command) => key::run(command),
        Command::Revocation(command) => revocation::run(command),
        Command::Token(command) => token::run(command),
        Command::Audit(command) => audit::run(&command),
        Command::Config(command) => config::run(command),
        Command::Doctor(command) => doctor::run(&command),
        Command::Migrate(command) => migrate::run(&command),
        Command::Backup(command) => backup::run(&command),
        Command::Export(command) => export::run(&command),
        Command::Import(command) => import::run(&command),
    }
}
