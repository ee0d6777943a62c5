//! Every benchmark takes the same few options.

use std::process::ExitCode;

use crate::Outcome;
use crate::report::Report;

/// What the person who started a benchmark asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Few rounds and small data: shows that the benchmark works, not what is fast.
    pub quick: bool,
    /// JSON instead of aligned tables.
    pub json: bool,
}

impl Options {
    /// Returns `whole`, or `quick` where only a smoke test was asked for.
    pub fn pick<T>(&self, whole: T, quick: T) -> T {
        if self.quick { quick } else { whole }
    }
}

/// Runs a benchmark and prints its report.
pub fn run(benchmark: impl FnOnce(Options) -> Outcome<Report>) -> ExitCode {
    let mut options = Options::default();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => options.quick = true,
            "--json" => options.json = true,
            _ => {
                eprintln!("unknown argument {argument:?}; there are: --quick (a smoke test), --json");
                return ExitCode::from(2);
            }
        }
    }
    match benchmark(options) {
        Ok(report) if options.json => println!("{}", report.to_json(options.quick)),
        Ok(report) => print!("{}", report.to_text(options.quick)),
        Err(message) => {
            eprintln!("bench: {message}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
