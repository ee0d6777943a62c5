//! Whether a second core doubles the throughput of one validator and one key set.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use core_affinity::CoreId;
use handstamp_bench::fixture::{AUDIENCE, Fixture, FlatClaims, ISSUER, now};
use handstamp_bench::peers::bare_verification;
use handstamp_bench::race::Plan;
use handstamp_bench::report::{Cell, Table};
use handstamp_bench::statistics::median;
use handstamp_bench::{Outcome, failed};
use handstamp_token::{Algorithm, KeySet, Validator};

const ALGORITHMS: [Algorithm; 2] = [Algorithm::Hs256, Algorithm::Es256];

/// Throughput of two threads on two cores over one thread on one.
pub(crate) fn measure(plan: Plan) -> Outcome<Table> {
    let caption = "two cores over one: one validator and key set, shared";
    let mut table = Table::new(caption, ["", "HS256", "ES256"]);
    let (mut floors, mut ours) = (Vec::new(), Vec::new());
    for algorithm in ALGORITHMS {
        let fixture = Fixture::new(algorithm)?;
        let keys = KeySet::new([fixture.key.verifying_key()]).map_err(failed("preparing the keys"))?;
        let validator = Validator::access_token(ISSUER, AUDIENCE, &[algorithm]);
        let validator = validator.map_err(failed("building the validator"))?;
        let bare = || bare_verification(&fixture);
        floors.push(scaling(plan, || {
            let verify = bare()?;
            Ok(move || verify().is_ok())
        })?);
        ours.push(scaling(plan, || {
            Ok(|| validator.verify::<FlatClaims>(&fixture.token, &keys, now()).is_ok())
        })?);
    }
    table.row("floor: aws-lc-rs, a key each", floors);
    table.row("handstamp-token", ours);
    Ok(table)
}

/// The median over rounds of: both cores' rate over one core's rate, measured one after the other.
fn scaling<F: FnMut() -> bool + Send>(plan: Plan, make: impl Fn() -> Outcome<F>) -> Outcome<Cell> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let [first, second, ..] = cores[..] else { return Ok(Cell::Nothing) };
    let mut ratios = Vec::new();
    for _ in 0..plan.rounds.div_ceil(2) {
        let alone = rate(&[first], plan.turn * 4, &make)?;
        let together = rate(&[first, second], plan.turn * 4, &make)?;
        ratios.push(together / alone);
    }
    Ok(Cell::Ratio(median(&ratios)))
}

/// Operations a second of one pinned thread a core, all running at once.
fn rate<F: FnMut() -> bool + Send>(
    cores: &[CoreId],
    time: Duration,
    make: &impl Fn() -> Outcome<F>,
) -> Outcome<f64> {
    let start = Barrier::new(cores.len());
    let operations = cores.iter().map(|_| make()).collect::<Outcome<Vec<F>>>()?;
    let rates = std::thread::scope(|scope| {
        let threads: Vec<_> = cores
            .iter()
            .zip(operations)
            .map(|(core, operation)| {
                let start = &start;
                scope.spawn(move || {
                    core_affinity::set_for_current(*core);
                    start.wait();
                    run_for(time, operation)
                })
            })
            .collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Outcome<f64>>| {
            thread.join().unwrap_or(Err("a thread panicked".to_owned()))
        };
        threads.into_iter().map(join).collect::<Outcome<Vec<f64>>>()
    });
    Ok(rates?.iter().sum())
}

fn run_for(time: Duration, mut operation: impl FnMut() -> bool) -> Outcome<f64> {
    let start = Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < time {
        // Between two looks at the clock, so that it does not count.
        for _ in 0..16 {
            if !operation() {
                return Err("a good token was refused".to_owned());
            }
        }
        count += 16;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}
