//! What a token costs that the verifier has seen before.

mod huge_pages;

use handstamp_bench::Outcome;
use handstamp_bench::command_line::Options;
use handstamp_bench::fixture::now;
use handstamp_bench::race::{self, Contestant, Plan};
use handstamp_bench::remembered::Remembered;
use handstamp_bench::report::{Cell, Table};

pub(crate) use huge_pages::answer_if_asked;

/// Hits among few and among many live tokens; each includes a look at the clock and at the revocation list.
pub(crate) fn table(options: Options, plan: Plan) -> Outcome<Table> {
    let few = Remembered::new(1_000)?;
    let many = Remembered::new(options.pick(100_000, 2_000))?;
    let floor = Contestant::new("floor: reading the clock", now);
    let mut contestants = vec![floor, few.hit_by_request(), many.hit_by_request()];
    contestants.push(huge_pages::hit_by_request(options.pick(100_000, 2_000))?);
    contestants.extend([few.hit(), many.hit()]);
    let mut table = Table::new("a hit in the verified-token cache (ES256)", ["", "each"]);
    for finish in race::run(plan, contestants)? {
        table.row(finish.name, [Cell::Nanos(finish.nanos)]);
    }
    Ok(table)
}
