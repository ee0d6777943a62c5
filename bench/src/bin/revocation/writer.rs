//! Whether readers wait for the writer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use handstamp_bench::Outcome;
use handstamp_bench::command_line::Options;
use handstamp_bench::fixture::now;
use handstamp_bench::report::{Cell, Table};
use handstamp_bench::statistics::{median, percentile};
use handstamp_verify::revocation::{Memo, Revocations, SilencePolicy};

use crate::checks::{List, Token, expect_pass, identity, tokens};

/// Checks in a group, so that reading the clock does not count.
const GROUP: usize = 16;

/// Checks of old tokens on one core, alone and while the other core publishes as fast as it can.
pub(crate) fn table(options: Options) -> Outcome<Table> {
    let events = options.pick(1_000_000, 10_000);
    let time = options.pick(Duration::from_millis(500), Duration::from_millis(20));
    let mut list = List::new(events)?;
    let tokens = tokens();
    let stop = AtomicBool::new(false);
    let revocations = list.revocations.clone();
    let (mut alone, mut beside, mut published) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.pick(7, 1) {
        alone.extend(read_for(&revocations, &tokens, time)?);
        stop.store(false, Ordering::Relaxed);
        let (read, wrote) = std::thread::scope(|scope| {
            let (stop, list) = (&stop, &mut list);
            let writer = scope.spawn(move || write_until(stop, list));
            let read = read_for(&revocations, &tokens, time);
            stop.store(true, Ordering::Relaxed);
            (read, writer.join().unwrap_or(Err("the writer panicked".to_owned())))
        });
        beside.extend(read?);
        published.push(wrote?);
    }
    let caption = format!(
        "a reader of {events} events (older tokens, {GROUP} checks timed together, each value is one check's share)"
    );
    let mut table = Table::new(caption, ["", "p50", "p99", "p99.9", "events published a second"]);
    let latencies = |times: &[f64]| [0.5, 0.99, 0.999].map(|share| Cell::Nanos(percentile(times, share)));
    table.row("alone", latencies(&alone));
    table.row("beside a writer", latencies(&beside).into_iter().chain([Cell::Count(median(&published))]));
    Ok(table)
}

fn read_for(revocations: &Revocations, tokens: &[Token], time: Duration) -> Outcome<Vec<f64>> {
    let memos: Vec<Memo> = tokens.iter().map(|_| Memo::default()).collect();
    let clock = now();
    let mut times = Vec::new();
    let end = Instant::now() + time;
    while Instant::now() < end {
        for (tokens, memos) in tokens.chunks(GROUP).zip(memos.chunks(GROUP)) {
            let start = Instant::now();
            for (token, memo) in tokens.iter().zip(memos) {
                let token = identity(token, 0, clock);
                expect_pass(revocations.check(&token, memo, SilencePolicy::serve_stale(), clock))?;
            }
            #[expect(clippy::cast_precision_loss, reason = "nanoseconds of sixteen checks")]
            times.push(start.elapsed().as_nanos() as f64 / tokens.len() as f64);
        }
    }
    // The first round hashes selectors.
    Ok(times.split_off(tokens.len().div_ceil(GROUP).min(times.len())))
}

fn write_until(stop: &AtomicBool, list: &mut List) -> Outcome<f64> {
    let (start, mut count) = (Instant::now(), 0_u32);
    while !stop.load(Ordering::Relaxed) {
        list.log.publish(&mut list.follower, 1)?;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}
