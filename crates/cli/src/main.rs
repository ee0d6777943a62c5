//! The `handstamp` binary. Everything is in the library beside it, so that its reference page and tests can see it.

use std::process::ExitCode;

fn main() -> ExitCode {
    handstamp_cli::run(std::env::args_os())
}
