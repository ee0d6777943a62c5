//! The one place where everything meets: the command line.
//!
//! Nothing else in the house reads the environment or the clock, opens a file by a name somebody typed, or chooses a
//! store. A command parses what was asked into typed values, calls a flow, and prints.
//!
//! What every command keeps to:
//! - exit code 0 is success, 1 a failure told in one sentence on stderr, 2 wrong usage;
//! - results go to stdout, everything else to stderr; `--json` where a machine may read it;
//! - colour only on a terminal, and never with `NO_COLOR`;
//! - a secret comes from stdin or a file, never from the argument list, which every process on the machine can read.

mod commands;
mod edge;
mod failure;
mod output;
mod reference;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use commands::Handstamp;

/// Runs one command line, program name included, and returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = match Handstamp::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(usage) => {
            // Help and version go to stdout with 0, everything else to stderr with 2. A closed pipe is not news.
            let _ = usage.print();
            return ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2));
        }
    };
    match commands::run(parsed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Returns the whole command tree, for the reference page.
pub fn command_tree() -> clap::Command {
    Handstamp::command()
}

/// Returns the pages of `docs/reference/` that are written from the code: file names and Markdown.
pub fn reference_pages() -> Vec<(&'static str, String)> {
    reference::pages(command_tree())
}
