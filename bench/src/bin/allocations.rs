//! How often each library asks for memory to verify or sign one token, by a counting allocator.
//!
//! A program of its own: counting costs time, which the other benchmarks must not pay.

use std::process::ExitCode;

use allocation_counter::measure;
use handstamp_bench::Outcome;
use handstamp_bench::command_line::{self, Options};
use handstamp_bench::fixture::Fixture;
use handstamp_bench::peers::{self, Work};
use handstamp_bench::race::Contestant;
use handstamp_bench::remembered::Remembered;
use handstamp_bench::report::{Cell, Report, Table};
use handstamp_token::Algorithm;

fn main() -> ExitCode {
    command_line::run(benchmark)
}

fn benchmark(_: Options) -> Outcome<Report> {
    let mut report = Report::new("allocations: one token, by a counting allocator");
    report.fact("what C libraries take from malloc by themselves is not seen");
    report.goal("none for a hit in the verified-token cache");
    for work in [Work::Verify, Work::Sign] {
        let mut table = Table::new(work.name(), ["", "HS256", "bytes", "ES256", "bytes"]);
        for (name, cells) in rows(work)? {
            table.row(name, cells);
        }
        report.table(table);
    }
    let mut table = Table::new("verifier with its cache, ES256", ["", "allocations", "bytes"]);
    let remembered = Remembered::new(1_000)?;
    let mut hit = remembered.hit();
    table.row("handstamp-verify, cache hit", count(&mut hit)?);
    report.table(table);
    Ok(report)
}

fn rows(work: Work) -> Outcome<Vec<(String, Vec<Cell>)>> {
    let mut rows: Vec<(String, Vec<Cell>)> = Vec::new();
    for (column, algorithm) in [Algorithm::Hs256, Algorithm::Es256].into_iter().enumerate() {
        let fixture = Fixture::new(algorithm)?;
        for mut contestant in peers::contestants(work, &fixture)? {
            let counted = count(&mut contestant)?;
            let name = contestant.name();
            let index = rows.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                rows.push((name.to_owned(), Vec::new()));
                rows.len() - 1
            });
            let cells = &mut rows[index].1;
            cells.resize(column * 2, Cell::Nothing);
            cells.extend(counted);
        }
    }
    Ok(rows)
}

fn count(contestant: &mut Contestant<'_>) -> Outcome<[Cell; 2]> {
    // The first operations fill what is kept.
    contestant.once()?;
    contestant.once()?;
    let mut result = Ok(());
    let info = measure(|| result = contestant.once());
    result?;
    #[expect(clippy::cast_precision_loss, reason = "a few allocations")]
    let cells = [info.count_total, info.bytes_total].map(|count| Cell::Count(count as f64));
    Ok(cells)
}
