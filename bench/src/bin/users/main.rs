//! Looking people up among a thousand and among ten million, on both stores.

mod look_up;
mod rows;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use handstamp_bench::Outcome;
use handstamp_bench::command_line::{self, Options};
use handstamp_bench::report::{Cell, Report, Table};
use handstamp_bench::service::{House, database_name, runtime};
use handstamp_bench::statistics::median;
use handstamp_core::store::Store;
use handstamp_testbed::Postgres;
use tokio::runtime::Runtime;

use look_up::{LookUp, Visitors};

/// A session for every tenth.
pub(crate) const USERS_PER_SESSION: u64 = 10;
/// Who comes back, where not everybody does.
const REGULARS: u64 = 1_000;

fn main() -> ExitCode {
    command_line::run(benchmark)
}

fn benchmark(options: Options) -> Outcome<Report> {
    let sizes = options.pick([1_000, 1_000_000, 10_000_000], [1_000, 2_000, 5_000]);
    let rounds = options.pick(9, 1);
    let looks = options.pick(1_000, 20);
    let mut report = Report::new(
        "users: looking somebody up by name, a session with its user, and the conditional update",
    );
    report.fact(format!(
        "{rounds} interleaved rounds of {looks} looks a turn, one after the other, each at somebody else"
    ));
    report.fact("each figure is the median of the turns' medians, x the median of each round's ratio to the smallest database");
    report.fact(format!(
        "a session for every {USERS_PER_SESSION}th user; rows made by SQL, in the order of their keys"
    ));
    report.fact("regulars: the looks go to 1,000 people, spread over all of the largest database");
    report.goal("flat: 10,000,000 users as 1,000, about 1.00x");

    let runtime = runtime(2)?;
    let mut houses = Vec::new();
    for size in sizes {
        let house = runtime.block_on(House::open())?;
        told(&format!("SQLite, {size} users"), || rows::into_sqlite(&house.database(), size))?;
        houses.push((size, house));
    }
    measure(&mut report, "SQLite", &runtime, &houses, rounds, looks)?;
    drop(houses);

    let postgres = Postgres::start_with(&["shared_buffers=256MB", "max_wal_size=2GB"]);
    let mut houses = Vec::new();
    for size in sizes {
        let url = postgres.database();
        let house = runtime.block_on(House::open_on_postgres(&url))?;
        told(&format!("PostgreSQL, {size} users"), || {
            rows::into_postgres(&postgres, database_name(&url), size);
            Ok(())
        })?;
        houses.push((size, house));
    }
    measure(&mut report, "PostgreSQL", &runtime, &houses, rounds, looks)?;
    Ok(report)
}

/// Says how long it takes to fill a database: minutes without a word look like a program that hangs.
fn told(what: &str, fill: impl FnOnce() -> Outcome) -> Outcome {
    let start = Instant::now();
    fill()?;
    eprintln!("{what}: filled in {:.0?}", start.elapsed());
    Ok(())
}

fn measure(
    report: &mut Report,
    name: &str,
    runtime: &Runtime,
    houses: &[(u64, House)],
    rounds: usize,
    looks: u64,
) -> Outcome {
    let mut contestants: Vec<(String, Arc<dyn Store>, Visitors)> = Vec::new();
    for (size, house) in houses {
        contestants.push((format!("{size} users"), Arc::clone(&house.context.store), Visitors::all(*size)));
    }
    if let Some((size, house)) = houses.last() {
        let some = Visitors::some(*size, REGULARS);
        contestants.push((format!("{size} users, regulars"), Arc::clone(&house.context.store), some));
    }
    for look_up in LookUp::ALL {
        let mut turns = vec![Vec::new(); contestants.len()];
        for _ in 0..rounds {
            for ((_, store, visitors), turns) in contestants.iter().zip(&mut turns) {
                let looked = look_up.run(store, visitors, looks);
                turns.push(runtime.block_on(looked)?);
            }
        }
        let mut table = Table::new(format!("{name}: {}", look_up.name()), ["", "p50", "x", "p99", "x"]);
        for ((name, ..), turn) in contestants.iter().zip(&turns) {
            let cells = [0.5, 0.99].into_iter().flat_map(|share| {
                let times = look_up::at(turn, share);
                let ratios: Vec<f64> = times
                    .iter()
                    .zip(look_up::at(&turns[0], share))
                    .map(|(time, first)| time / first)
                    .collect();
                [Cell::Nanos(median(&times)), Cell::Ratio(median(&ratios))]
            });
            table.row(name.clone(), cells);
        }
        report.table(table);
    }
    Ok(())
}
