use std::io::{self, IsTerminal};

use handstamp_server::config::{LogConfig, LogFormat};
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;
use crate::output::Style;

/// Sends the log to stderr: readable lines for people, JSON for machines.
pub(crate) fn start(config: &LogConfig) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.filter).map_err(|cause| {
        Failure::because(format_args!("log.filter {:?} cannot be used", config.filter), &cause)
    })?;
    let coloured = Style::for_stream(io::stderr().is_terminal()) == Style::Colour;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(coloured);
    let started = match config.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|cause| Failure::because("cannot start the log", &*cause))
}
