//! Sign-ins of the real service, beside the Argon2id that none of them can do without, on the same cores.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use handstamp_bench::command_line::{self, Options};
use handstamp_bench::load::{self, Load, NextRequest};
use handstamp_bench::report::{Report, Table};
use handstamp_bench::service::{House, add_people, runtime};
use handstamp_bench::{Outcome, failed};
use handstamp_core::settings::PasswordSettings;
use handstamp_server::config::Config;

/// The service hashes as many passwords at a time as there are cores here, and so does the floor.
const CORES: usize = 2;
const CONNECTIONS: [usize; 2] = [CORES, 16];
const PEOPLE: usize = 1_000;
const PASSWORD: &str = "seven paper lanterns";

fn main() -> ExitCode {
    command_line::run(benchmark)
}

fn benchmark(options: Options) -> Outcome<Report> {
    let rounds = options.pick(9, 1);
    let turn = options.pick(Duration::from_secs(2), Duration::from_millis(300));
    let config = config();
    let settings = config.passwords.clone();
    let mut report = Report::new("sign-in: POST /auth/sign-in with a password, over loopback");
    report.fact("not pinned: two hashing threads, on the same cores as the service and the load generator");
    report.fact(format!(
        "{rounds} interleaved rounds of {turn:?} a turn; rates are medians, x is the median of each round's own ratio"
    ));
    report.fact(format!(
        "Argon2id, m={} KiB, t={}, p={}; {PEOPLE} people, the right password each time, cookies in the answer",
        settings.memory_kib, settings.iterations, settings.parallelism
    ));
    report.fact(format!("floor: the same hash on {CORES} threads, each with memory that it keeps"));
    report.goal("at least 0.90x of the floor");

    let runtime = runtime(CORES)?;
    let (house, listener) = House::open_listening(&runtime, config)?;
    runtime.block_on(add_people(&house.context, PEOPLE, PASSWORD))?;
    let service = house.serve(&runtime, listener)?;
    let floor = Floor::new(&house.context.settings.passwords)?;
    let next = requests();
    let mut rows = vec![Vec::new(); 1 + CONNECTIONS.len()];
    for _ in 0..rounds {
        rows[0].push(floor.run(turn)?);
        for (row, connections) in rows[1..].iter_mut().zip(CONNECTIONS) {
            row.push(load::run(service.address, connections, turn, &next)?);
        }
    }
    report.table(table(&rows));
    drop(service);
    Ok(report)
}

/// The product's defaults, but for the limits: these people sign in far too often.
fn config() -> Config {
    let mut config = Config::default();
    config.passwords.concurrent_hashes = Some(CORES);
    config.rate_limits.account_attempts = u32::MAX;
    config.rate_limits.address_attempts = u32::MAX;
    config.rate_limits.strangers_per_second = u32::MAX;
    config
}

fn requests() -> Arc<NextRequest> {
    let turn = AtomicUsize::new(0);
    Arc::new(move || {
        let turn = turn.fetch_add(1, Ordering::Relaxed) % PEOPLE;
        let body = format!(r#"{{"login":"user-{turn}","password":"{PASSWORD}"}}"#);
        let length = body.len();
        format!(
            "POST /auth/sign-in HTTP/1.1\r\nhost: localhost\r\nx-handstamp: 1\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    })
}

/// The hash alone.
struct Floor(Params);

impl Floor {
    fn new(settings: &PasswordSettings) -> Outcome<Self> {
        let params = Params::new(settings.memory_kib, settings.iterations, settings.parallelism, Some(32));
        Ok(Self(params.map_err(failed("the settings of Argon2id"))?))
    }

    fn run(&self, time: Duration) -> Outcome<Load> {
        let start = Instant::now();
        let latencies = thread::scope(|scope| {
            let threads: Vec<_> = (0..CORES).map(|_| scope.spawn(|| self.hash_until(start + time))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().map_err(|_| "a thread panicked".to_owned())?)
                .collect()
        });
        let latencies: Outcome<Vec<Vec<f64>>> = latencies;
        Ok(Load::new(latencies?.concat(), start.elapsed()))
    }

    fn hash_until(&self, end: Instant) -> Outcome<Vec<f64>> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.0.clone());
        let mut memory = vec![Block::new(); self.0.block_count()];
        let (mut latencies, mut hash) = (Vec::new(), [0; 32]);
        let mut start = Instant::now();
        while start < end {
            argon2
                .hash_password_into_with_memory(
                    PASSWORD.as_bytes(),
                    b"sixteen bytes ab",
                    &mut hash,
                    &mut memory,
                )
                .map_err(failed("Argon2id"))?;
            let now = Instant::now();
            latencies.push((now - start).as_secs_f64() * 1e9);
            start = now;
        }
        Ok(latencies)
    }
}

fn table(rows: &[Vec<Load>]) -> Table {
    let mut table = Table::new("sign-ins", ["", "per second", "of the floor", "p50", "p99"]);
    let names = CONNECTIONS.map(|connections| format!("POST /auth/sign-in, {connections} connections"));
    for (name, loads) in std::iter::once("floor: Argon2id alone".to_owned()).chain(names).zip(rows) {
        table.row(name, load::cells(loads, &rows[0]));
    }
    table
}
