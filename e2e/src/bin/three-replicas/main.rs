//! Runs a command, usually a test, on the set-up for many machines: wherever it starts `handstamp serve`, there are three replicas
//! of it behind a round-robin proxy, on a database of their own in PostgreSQL, with Redis beside it.
//!
//! ```sh
//! three-replicas cargo test -p handstamp-e2e
//! ```
//!
//! It names itself as the program under test, and is then started in the place of `handstamp` with the arguments that are meant
//! for it. Tests do not notice, and that is what they prove.

mod launch;
mod replicas;
mod stand_in;

use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match stand_in::Backing::told() {
        Some(backing) => stand_in::run(&backing),
        None => launch::run(),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(problem) => {
            let _ = std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("three-replicas: {problem}\n"),
            );
            ExitCode::FAILURE
        }
    }
}
