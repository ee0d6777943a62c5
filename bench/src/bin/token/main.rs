//! Verifying and signing tokens, beside the bare primitive and the libraries that people use.

mod cache;
mod malformed;
mod table;
mod two_cores;

use std::process::ExitCode;
use std::time::Duration;

use handstamp_bench::command_line::{self, Options};
use handstamp_bench::fixture::Fixture;
use handstamp_bench::peers::{self, Work};
use handstamp_bench::race::Plan;
use handstamp_bench::report::Report;
use handstamp_bench::{Outcome, machine};
use handstamp_token::Algorithm;

const COMPARED: [Algorithm; 5] =
    [Algorithm::Hs256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];
const OTHERS: [Algorithm; 8] = [
    Algorithm::Hs384,
    Algorithm::Hs512,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Es384,
    Algorithm::Es512,
];

fn main() -> ExitCode {
    if let Some(exit_code) = cache::answer_if_asked() {
        return exit_code;
    }
    command_line::run(benchmark)
}

fn benchmark(options: Options) -> Outcome<Report> {
    let plan = Plan {
        rounds: options.pick(51, 3),
        turn: options.pick(Duration::from_millis(4), Duration::from_micros(500)),
    };
    let mut report = Report::new("token: verify and sign");
    report.goal("verify at most 1.05x of the floor for RS, PS, ES and EdDSA, 2.2x for HS256; sign at most 1.05x, HS256 1.6x");
    report.goal("a cache hit at most 100 ns among 1,000 live tokens, 600 ns among 100,000; two cores at least 1.9x of one");
    report.goal("what is not a token costs less than a good one: below 1.00x at every size");
    // Before the pin: a pinned thread could not start another on the second core.
    let two_cores = two_cores::measure(plan)?;
    report.fact(machine::pin_to_one_core());
    report.fact(format!(
        "{} interleaved rounds of {:?} a turn; medians; x is the median of each round's own ratio to the floor",
        plan.rounds, plan.turn
    ));
    report.fact(
        "floor: the primitive of aws-lc-rs on a prepared key and a decoded signature, no base64, no JSON",
    );
    report.fact(
        "token: header alg, typ, kid; 11 claims, 334 bytes of JSON; everyone checks iss, aud and times",
    );

    let fixtures = COMPARED.map(Fixture::new).into_iter().collect::<Outcome<Vec<_>>>()?;
    let mut notes = Vec::new();
    let children = peers::children(&fixtures, &mut notes);
    for work in [Work::Verify, Work::Sign] {
        report.table(table::compared(work, &fixtures, &children, plan)?);
    }
    let others = OTHERS.map(Fixture::new).into_iter().collect::<Outcome<Vec<_>>>()?;
    report.table(table::alone(&others, plan)?);
    report.table(cache::table(options, plan)?);
    report.table(malformed::table(&fixtures, plan)?);
    report.table(two_cores);
    for note in notes {
        report.note(note);
    }
    report
        .note("allocations are counted by `cargo xtask bench allocations`: a counting allocator costs time");
    Ok(report)
}
