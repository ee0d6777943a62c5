//! Asking whether a token was taken back, beside what others pay for the same answer.

mod checks;
mod databases;
mod writer;

use std::process::ExitCode;
use std::time::Duration;

use handstamp_bench::command_line::{self, Options};
use handstamp_bench::race::Plan;
use handstamp_bench::report::Report;
use handstamp_bench::{Outcome, machine};

fn main() -> ExitCode {
    command_line::run(benchmark)
}

fn benchmark(options: Options) -> Outcome<Report> {
    let plan = Plan {
        rounds: options.pick(31, 3),
        turn: options.pick(Duration::from_millis(5), Duration::from_micros(500)),
    };
    let sizes: &[usize] = options.pick(&[0, 1_000, 10_000, 100_000, 1_000_000], &[0, 1_000, 10_000]);
    let mut report = Report::new("revocation: is this token still good?");
    report.goal("at most 10 ns for a token younger than the newest event, 60 ns for an older one with 10,000 live events, 110 ns with 1,000,000");
    report.goal("readers that never wait for the writer; less than 100 µs to publish one event, at most 60 bytes each");
    // Before the pin: it needs both cores.
    let readers = writer::table(options)?;
    report.fact(machine::pin_to_one_core());
    report.fact(format!("{} interleaved rounds of {:?} a turn; medians", plan.rounds, plan.turn));
    report.fact("1,000 tokens with session, subject, organisation and client, none of them revoked");
    report.table(checks::table(sizes, plan)?);
    report.table(checks::publishing(sizes, options)?);
    report.table(readers);
    report.table(databases::table(plan)?);
    Ok(report)
}
