//! The program as it is released: one, two and three replicas on one PostgreSQL, and what memory and disk it takes.

mod crowd;
mod footprint;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use handstamp_bench::Outcome;
use handstamp_bench::command_line::{self, Options};
use handstamp_bench::load::{self, Asking, Load};
use handstamp_bench::report::{Cell, Report, Table};
use handstamp_bench::service::{House, Program, database_name, runtime};
use handstamp_bench::statistics::median;
use handstamp_testbed::Postgres;
use tokio::runtime::Runtime;

use crowd::Crowd;

const REPLICAS: usize = 3;
const CLIENTS: usize = 32;
const PEOPLE: usize = 100;
/// PostgreSQL's figures about itself are this old at most.
const FIGURES: Duration = Duration::from_millis(1_500);

fn main() -> ExitCode {
    command_line::run(benchmark)
}

fn benchmark(options: Options) -> Outcome<Report> {
    let mut report = Report::new("replicas: the released program, in processes of its own");
    report.fact("not pinned: replicas, PostgreSQL and the load generator have the same cores, so that more replicas cannot be faster here");
    report.fact(format!(
        "{CLIENTS} clients, each of whom goes to the next replica with every request; default settings"
    ));
    report.fact("transactions: PostgreSQL's own count, for each 1,000 requests, of everything that the replicas do meanwhile");
    report.goal("less than 20 MB of memory for an idle process");
    let runtime = runtime(2)?;
    side_by_side(&mut report, &runtime, options)?;
    footprint::measure(&mut report, &runtime, options)?;
    Ok(report)
}

/// Something that people ask for, one after the other.
struct Kind {
    name: &'static str,
    prepared: Vec<Vec<u8>>,
    asked: AtomicUsize,
    rotates: bool,
}

impl Kind {
    fn new(name: &'static str, prepared: Vec<Vec<u8>>) -> Arc<Self> {
        Arc::new(Self { name, prepared, asked: AtomicUsize::new(0), rotates: false })
    }

    /// Each of these is good once.
    fn rotating(name: &'static str, prepared: Vec<Vec<u8>>) -> Arc<Self> {
        Arc::new(Self { name, prepared, asked: AtomicUsize::new(0), rotates: true })
    }
}

impl Asking for Kind {
    type Asked = ();

    fn next(&self) -> (Vec<u8>, ()) {
        (self.prepared[self.asked.fetch_add(1, Ordering::Relaxed) % self.prepared.len()].clone(), ())
    }

    fn answered(&self, (): (), answer: &[u8]) -> Outcome {
        if self.rotates { load::expect_rotation(answer) } else { Ok(()) }
    }
}

fn side_by_side(report: &mut Report, runtime: &Runtime, options: Options) -> Outcome {
    let rounds = options.pick(5, 1);
    let turn = options.pick(Duration::from_millis(400), Duration::from_millis(100));
    let postgres = Postgres::start();
    let url = postgres.database();
    let database = database_name(&url);
    let house = runtime.block_on(House::open_on_postgres(&url))?;
    let refreshed = options.pick(100_000, 10_000);
    let mut crowd = runtime.block_on(Crowd::gather(&house, PEOPLE + refreshed))?;
    let key = house.root_key().to_text();
    let folder = house.leave();
    let variables = [("HANDSTAMP_ROOT_KEY", key.as_str()), ("HANDSTAMP_STORAGE_DATABASE_URL", url.as_str())];
    let replicas: Vec<Program> =
        (0..REPLICAS).map(|_| Program::serve(folder.path(), &variables)).collect::<Outcome<_>>()?;
    let addresses: Vec<_> = replicas.iter().map(|replica| replica.address).collect();

    // The first replica alone has signed these; the others have only the database in common with it.
    let tokens = runtime.block_on(crowd.visit(addresses[0], PEOPLE))?;
    let asking = |path| tokens.iter().map(|token| crowd::get(path, token)).collect();
    let kinds = [
        Kind::new("GET /auth/whoami", asking("/auth/whoami")),
        Kind::new("GET /auth/check", asking("/auth/check")),
        Kind::rotating("POST /auth/refresh", crowd.take_refreshes()),
    ];
    for kind in kinds {
        let mut loads = vec![Vec::new(); REPLICAS];
        let mut transactions = [0.0; REPLICAS];
        let mut requests = [0.0; REPLICAS];
        for round in 0..=rounds {
            for count in 1..=REPLICAS {
                std::thread::sleep(FIGURES);
                let before = (committed(&postgres, database), processor_time(&replicas));
                let load = load::run_in_turn(&addresses[..count], CLIENTS, turn, &kind)?;
                let load = load.worked(processor_time(&replicas).saturating_sub(before.1));
                // In the first, connections to the database are made.
                if round == 0 {
                    continue;
                }
                std::thread::sleep(FIGURES);
                transactions[count - 1] += committed(&postgres, database) - before.0;
                requests[count - 1] += load.rate() * turn.as_secs_f64();
                loads[count - 1].push(load);
            }
        }
        report.table(table(kind.name, &loads, &transactions, &requests));
    }
    Ok(())
}

fn processor_time(replicas: &[Program]) -> Duration {
    replicas.iter().map(Program::processor_time).sum()
}

fn committed(postgres: &Postgres, database: &str) -> f64 {
    let asked = format!("SELECT xact_commit FROM pg_stat_database WHERE datname = '{database}'");
    postgres.sql("postgres", &asked).trim().parse().unwrap_or(f64::NAN)
}

fn table(name: &str, loads: &[Vec<Load>], transactions: &[f64], requests: &[f64]) -> Table {
    let columns = ["", "per second", "of one", "p50", "p99", "processor time", "of one", "transactions"];
    let mut table = Table::new(name, columns);
    let first = &loads[0];
    for (index, turns) in loads.iter().enumerate() {
        let work: Vec<f64> = turns.iter().map(Load::work).collect();
        let more = [
            Cell::Nanos(median(&work)),
            load::of_floor(turns, first, Load::work),
            Cell::Count(1_000.0 * transactions[index] / requests[index]),
        ];
        let plural = if index == 0 { "" } else { "s" };
        table
            .row(format!("{} replica{plural}", index + 1), load::cells(turns, first).into_iter().chain(more));
    }
    table
}
