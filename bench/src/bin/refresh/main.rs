//! Refresh, beside the bare conditional update that it cannot do without.

mod bare;
mod endpoint;
mod flow;
mod postgres;

use std::process::ExitCode;
use std::time::Duration;

use handstamp_bench::command_line::{self, Options};
use handstamp_bench::load::{self, Load};
use handstamp_bench::machine::{processor_time, processor_time_of_other_threads};
use handstamp_bench::report::{Cell, Report, Table};
use handstamp_bench::service::{House, Sessions, runtime};
use handstamp_bench::{Outcome, failed};
use handstamp_server::Clock as _;

const CLIENTS: usize = 64;

fn main() -> ExitCode {
    command_line::run(benchmark)
}

fn benchmark(options: Options) -> Outcome<Report> {
    let rounds = options.pick(9, 1);
    let turn = options.pick(Duration::from_millis(500), Duration::from_millis(50));
    let mut report = Report::new("refresh: rotations on the embedded SQLite store, and on PostgreSQL");
    report.fact("not pinned: the store has threads of its own; the load generator runs on the same cores");
    report.fact(format!(
        "{rounds} interleaved rounds of {turn:?} a turn; rates are medians, x is the median of each round's own ratio"
    ));
    report.fact(
        "floor: the conditional UPDATE alone, prepared, on one connection of this process, synchronous=NORMAL, \
         a transaction each",
    );
    report.fact(
        "floor on PostgreSQL: the same by the store's driver on as many connections; a round before the first does not count there",
    );
    report.goal("the flow at least 0.70x of the floor: on SQLite, and on PostgreSQL by the same driver and pool with many at a time");
    report.goal("the endpoint at least 5,000 a second on SQLite; with 1,000,000 sessions as with 1,000");
    report.goal("a forged token refused at 20 times the rate of a rotation by the flow, or more");
    for count in [1_000, options.pick(1_000_000, 10_000)] {
        report.table(measure(count, rounds, turn)?);
    }
    for count in [10_000, options.pick(100_000, 20_000)] {
        postgres::measure(&mut report, count, rounds, turn)?;
    }
    report.note(
        "forged: a refresh token of the right form with a wrong MAC, refused by the flow on one thread",
    );
    Ok(report)
}

/// One row: what was measured, and each round's result.
struct Row {
    name: String,
    loads: Vec<Load>,
}

fn measure(count: usize, rounds: usize, turn: Duration) -> Outcome<Table> {
    let runtime = runtime(2)?;
    let house = runtime.block_on(House::open())?;
    let sessions = runtime.block_on(Sessions::add(&house.context, count, house.clock.now()))?;
    let sessions = std::sync::Arc::new(sessions);
    let normal = bare::Connection::open(&house, "NORMAL")?;
    let full = bare::Connection::open(&house, "FULL")?;
    let server = endpoint::Endpoint::start(&runtime, &house, &sessions)?;

    let names = [
        "floor: the UPDATE alone".to_owned(),
        "the UPDATE alone, synchronous=FULL".to_owned(),
        "flows::refresh, 1 client".to_owned(),
        format!("flows::refresh, {CLIENTS} clients"),
        "POST /auth/refresh, 1 client".to_owned(),
        format!("POST /auth/refresh, {CLIENTS} clients"),
        "forged, refused by the flow".to_owned(),
    ];
    let mut rows: Vec<Row> = names.into_iter().map(|name| Row { name, loads: Vec::new() }).collect();
    for _ in 0..rounds {
        let loads = [
            working(processor_time, || normal.rotate_for(&sessions, turn))?,
            working(processor_time, || full.rotate_for(&sessions, turn))?,
            working(processor_time, || flow::rotate_for(&runtime, &house, &sessions, 1, turn))?,
            working(processor_time, || flow::rotate_for(&runtime, &house, &sessions, CLIENTS, turn))?,
            // This thread is the load generator.
            working(processor_time_of_other_threads, || server.load(1, turn))?,
            working(processor_time_of_other_threads, || server.load(CLIENTS, turn))?,
            working(processor_time, || flow::refuse_forged_for(&runtime, &house, turn / 5))?,
        ];
        rows.iter_mut().zip(loads).for_each(|(row, load)| row.loads.push(load));
    }
    drop(server);
    runtime.block_on(async { house.context.store.log_head().await }).map_err(failed("the database"))?;
    Ok(table(format!("SQLite, {count} sessions in the table"), &rows))
}

/// Adds the processor time that a stretch of load took.
fn working(clock: fn() -> Duration, load: impl FnOnce() -> Outcome<Load>) -> Outcome<Load> {
    let before = clock();
    let load = load()?;
    Ok(load.worked(clock().saturating_sub(before)))
}

fn table(title: String, rows: &[Row]) -> Table {
    let columns = ["", "per second", "of the floor", "p50", "p99", "processor time", "of the floor"];
    let mut table = Table::new(title, columns);
    let floor = rows.first().map(|row| &row.loads[..]).unwrap_or_default();
    for row in rows {
        let work =
            [Cell::Nanos(Load::together(&row.loads).work()), load::of_floor(&row.loads, floor, Load::work)];
        table.row(&row.name, load::cells(&row.loads, floor).into_iter().chain(work));
    }
    table
}
