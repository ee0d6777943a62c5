//! `handstamp demo`: the whole system on one machine.

mod auth_service;
mod clients;
mod commands;
mod config;
mod control;
mod host;
mod people;
mod ports;
mod report;
mod shell;
mod system;
mod tour;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use handstamp_server::config::{LogConfig, duration};
use tempfile::TempDir;

use crate::edge::{logging, runtime, signals};
use crate::failure::Failure;
use crate::output::{self, OutputArgs};
use commands::Commands;
use ports::Ports;
use system::{Options, System};

/// Run the whole system on this machine: auth service, two microservices, a page, seeded people
///
/// Everything listens on this machine alone, so its people's passwords can be public. Data goes to a temporary folder
/// and is gone when the demo stops, unless --data names another.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  handstamp demo
  handstamp demo --port-base 9000 --data ./demo-data
  handstamp demo --token-lifetime 30s
  handstamp demo --json | head -1 | jq .people")]
pub(crate) struct Demo {
    /// The first of four ports in a row; 0 takes free ones
    #[arg(long, value_name = "N", default_value_t = 8800, value_parser = port_base)]
    port_base: u16,

    /// Keep the data in this folder, for the next time
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// How long an access token lives, from 5s to 1h; 5m unless `HANDSTAMP_TOKENS_LIFETIME` says otherwise
    #[arg(long, value_name = "TIME", value_parser = token_lifetime)]
    token_lifetime: Option<Duration>,

    #[command(flatten)]
    output: OutputArgs,
}

fn token_lifetime(text: &str) -> Result<Duration, String> {
    let lifetime = duration::parse(text).map_err(|cause| cause.to_string())?;
    if (Duration::from_secs(5)..=Duration::from_hours(1)).contains(&lifetime) {
        return Ok(lifetime);
    }
    Err("expected a time from 5s to 1h".to_owned())
}

fn port_base(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(0) => Ok(0),
        Ok(base) if (1024..=u16::MAX - 3).contains(&base) => Ok(base),
        _ => Err(format!("expected 0, or a number from 1024 to {}", u16::MAX - 3)),
    }
}

/// People read the addresses; warnings are worth a line, everything else would bury them. The orders service has a route that says
/// nothing about who may use it, for the page to show what comes of that: the warning is told when somebody tries it, not at start.
const FILTER: &str = "warn,handstamp_verify::axum::routes=error";

/// Runs the demo until it is told to stop.
pub(crate) fn run(command: &Demo) -> Result<(), Failure> {
    logging::start(&LogConfig { filter: FILTER.to_owned(), ..LogConfig::default() })?;
    runtime::serve(demo(command))
}

async fn demo(command: &Demo) -> Result<(), Failure> {
    let stop = signals::stop()?;
    // Lives as long as the demo; its end removes the folder.
    let temporary = match command.data {
        Some(_) => None,
        None => Some(TempDir::with_prefix("handstamp-demo-").map_err(|cause| {
            Failure::because("cannot make a temporary folder (name one with --data)", &cause)
        })?),
    };
    let folder = command.data.as_deref().or(temporary.as_ref().map(TempDir::path)).unwrap_or(".".as_ref());

    let ports = Ports::bind(command.port_base).await?;
    let options = Options { folder, token_lifetime: command.token_lifetime };
    let system = System::start(ports, &options).await?;
    if command.output.json {
        output::json_line(&report::for_machines(&system.places))?;
    } else {
        let commands = Commands::new(&system::auth_data(folder));
        report::print(&system.places, &commands, command.data.as_deref())?;
    }
    stop.await;
    system.stop().await
}

/// Where a part of the demo is: by the name that browsers keep `Secure` cookies for without TLS.
fn local_url(address: SocketAddr) -> String {
    format!("http://localhost:{}", address.port())
}
