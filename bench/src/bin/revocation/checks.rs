//! The check itself, and what it costs to change the list.

use std::time::Instant;

use handstamp_api_types::Rev;
use handstamp_bench::command_line::Options;
use handstamp_bench::fixture::now;
use handstamp_bench::race::{self, Contestant, Plan};
use handstamp_bench::report::{Cell, Table};
use handstamp_bench::revoking::Log;
use handstamp_bench::statistics::percentile;
use handstamp_bench::{Outcome, failed};
use handstamp_token::UnixTime;
use handstamp_verify::revocation::{
    FollowOptions, Follower, Memo, Revocations, SilencePolicy, TokenIdentity, Verdict,
};

const TOKENS: usize = 1_000;
const POLICY: SilencePolicy = SilencePolicy::serve_stale();

/// A list with so many live events.
pub(crate) struct List {
    pub(crate) log: Log,
    pub(crate) revocations: Revocations,
    pub(crate) follower: Follower,
}

impl List {
    pub(crate) fn new(events: usize) -> Outcome<Self> {
        let (revocations, mut follower) = Revocations::follow(FollowOptions { max_events: 4_000_000 });
        let mut log = Log::new();
        log.publish(&mut follower, 0)?;
        log.publish(&mut follower, events)?;
        Ok(Self { log, revocations, follower })
    }
}

/// Somebody's token.
pub(crate) struct Token {
    jti: String,
    sid: String,
    sub: String,
    org: String,
}

pub(crate) fn tokens() -> Vec<Token> {
    let token = |number| Token {
        jti: format!("jti-{number:016}"),
        sid: format!("sid-{number:016}"),
        sub: format!("sub-{number:016}"),
        org: format!("org-{:016}", number % 50),
    };
    (0..TOKENS).map(token).collect()
}

pub(crate) fn identity(token: &Token, seq: u64, iat: UnixTime) -> TokenIdentity<'_> {
    TokenIdentity {
        rev: Some(Rev { epoch: 1, seq }),
        kid: "2026-11-signing-key-1",
        jti: &token.jti,
        sid: Some(&token.sid),
        sub: &token.sub,
        org_id: Some(&token.org),
        client_id: Some("web"),
        iat,
    }
}

/// Kinds of token down, live events across.
pub(crate) fn table(sizes: &[usize], plan: Plan) -> Outcome<Table> {
    let columns = std::iter::once(String::new()).chain(sizes.iter().map(|size| format!("{size} events")));
    let mut table = Table::new("one check", columns);
    let mut rows: Vec<(String, Vec<Cell>)> = Vec::new();
    for size in sizes {
        let List { log, revocations, .. } = List::new(*size)?;
        // The same log once more: a token that goes from one to the other is looked up anew each time.
        let twin = List::new(*size)?;
        let tokens = tokens();
        for finish in race::run(plan, contestants(&revocations, &twin.revocations, log.head(), &tokens)?)? {
            match rows.iter_mut().find(|(name, _)| *name == finish.name) {
                Some((_, cells)) => cells.push(Cell::Nanos(finish.nanos)),
                None => rows.push((finish.name, vec![Cell::Nanos(finish.nanos)])),
            }
        }
    }
    for (name, cells) in rows {
        table.row(name, cells);
    }
    Ok(table)
}

fn contestants<'a>(
    list: &'a Revocations,
    twin: &'a Revocations,
    head: u64,
    tokens: &'a [Token],
) -> Outcome<Vec<Contestant<'a>>> {
    let clock = now();
    let old = move |token: &'a Token| identity(token, 0, clock);
    let young = move |token: &'a Token| identity(token, head, clock);
    let passes = list.check(&young(&tokens[0]), &Memo::default(), POLICY, clock) == Verdict::Pass
        && list.check(&old(&tokens[0]), &Memo::default(), POLICY, clock) == Verdict::Pass;
    if !passes {
        return Err("a good token was refused".to_owned());
    }
    let memos = || tokens.iter().map(|_| Memo::default()).collect::<Vec<_>>();
    let (seen, moving) = (memos(), memos());
    // Selectors are hashed once in a token's life, which is the last contestant's business.
    for (place, token) in tokens.iter().enumerate() {
        for memo in [&seen[place], &moving[place]] {
            expect_pass(list.check(&old(token), memo, POLICY, clock))?;
        }
    }
    let (mut a, mut b, mut c, mut d) = (0, 0, 0, 0);
    let step = move |place: &mut usize| {
        *place = (*place + 1) % TOKENS;
        *place
    };
    Ok(vec![
        Contestant::new("passed this very list before", move || {
            let at = step(&mut a);
            list.check(&old(&tokens[at]), &seen[at], POLICY, clock)
        }),
        Contestant::new("younger than the newest event", move || {
            let at = step(&mut b);
            list.check(&young(&tokens[at]), &Memo::default(), POLICY, clock)
        }),
        Contestant::new("older, the list has changed since", move || {
            // Every token meets both lists in turn.
            let at = step(&mut c);
            d = (d + i32::from(at == 0)) % 2;
            let list = if d == 0 { list } else { twin };
            list.check(&old(&tokens[at]), &moving[at], POLICY, clock)
        }),
        Contestant::new("older, never seen (hashes its selectors)", move || {
            list.check(&old(&tokens[0]), &Memo::default(), POLICY, clock)
        }),
    ])
}

/// Publishing one event, and what an event takes up.
pub(crate) fn publishing(sizes: &[usize], options: Options) -> Outcome<Table> {
    let columns = ["live events", "publish one: p50", "p99", "bytes an event"];
    let mut table = Table::new("changing the list", columns);
    for size in sizes.iter().filter(|size| **size > 0) {
        let mut list = List::new(*size)?;
        let mut times = Vec::new();
        for _ in 0..options.pick(2_000, 50) {
            let batch = list.log.batch(1);
            let start = Instant::now();
            list.log.apply(&mut list.follower, &batch)?;
            #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one publication")]
            times.push(start.elapsed().as_nanos() as f64);
        }
        let status = list.revocations.status(now());
        #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark")]
        let bytes = status.bytes as f64 / status.events.max(1) as f64;
        let cells =
            [Cell::Nanos(percentile(&times, 0.5)), Cell::Nanos(percentile(&times, 0.99)), Cell::Count(bytes)];
        table.row(size.to_string(), cells);
    }
    Ok(table)
}

/// Returns the error of a check that should have passed.
pub(crate) fn expect_pass(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Pass => Ok(()),
        other => Err(failed("a good token was refused")(format!("{other:?}"))),
    }
}
