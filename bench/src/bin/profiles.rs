//! Reading a user's profile in a service: kept there, and asked of the auth service.

use std::collections::{BTreeSet, HashMap};
use std::process::ExitCode;
use std::sync::RwLock;
use std::time::{Duration, Instant};

use handstamp_bench::command_line::{self, Options};
use handstamp_bench::race::{self, Contestant, Plan};
use handstamp_bench::report::{Cell, Report, Table};
use handstamp_bench::service::{House, commit, follower, new_user, open_feed, runtime};
use handstamp_bench::{Outcome, failed};
use handstamp_core::flows::{clients, profiles};
use handstamp_core::store::{Change, Changes};
use handstamp_server::Clock as _;
use handstamp_verify::profiles::{ProfileSource, ProfileSourceBuilder};
use handstamp_verify::revocation::ClientSecret;
use handstamp_verify::token_source::{ClientCredentials, TokenSource};
use handstamp_verify::{CacheLimits, Verifier};
use tokio::runtime::Runtime;

/// The client that is the service.
const CLIENT: &str = "orders";

fn main() -> ExitCode {
    command_line::run(benchmark)
}

fn benchmark(options: Options) -> Outcome<Report> {
    let people = options.pick(1_000, 20);
    let plan = Plan {
        rounds: options.pick(15, 1),
        turn: options.pick(Duration::from_millis(100), Duration::from_millis(5)),
    };
    let mut report = Report::new("profiles: what does not fit a token");
    report.fact("one auth service on SQLite; a service in the same process that follows its feed");
    report.fact(format!(
        "{} interleaved rounds of {:?} a turn; medians; {people} users, drawn in turn",
        plan.rounds, plan.turn
    ));
    report.fact("kept: from the service's own memory; asked: from the auth service over loopback, one after the other");

    let runtime = runtime(2)?;
    let (house, listener) = House::open_listening(&runtime, open_feed())?;
    let (subs, secret) = runtime.block_on(fill(&house, people))?;
    let service = house.serve(&runtime, listener)?;
    let verifier = runtime.block_on(subscribe(&house))?;
    let source = || source(&house, &verifier, &secret);
    let kept = source()?.build().map_err(failed("building the source"))?;
    // Room for one: whoever comes next is asked for again.
    let asked = source()?.limits(CacheLimits { entries: 1, bytes: 1024 * 1024 }).build();
    let asked = asked.map_err(failed("building the source"))?;

    let map = RwLock::new(subs.iter().map(|sub| (sub.clone(), sub.clone())).collect::<HashMap<_, _>>());
    let mut place = 0;
    let floor = Contestant::new("floor: a map behind a lock", || {
        place = (place + 1) % subs.len();
        map.read().ok()?.get(&subs[place]).cloned()
    });
    let contestants =
        vec![floor, reading("kept", &runtime, &kept, &subs), reading("asked", &runtime, &asked, &subs)];
    let mut table = Table::new("reading a profile", ["", "each", "x"]);
    for finish in race::run(plan, contestants)? {
        table.row(finish.name, [Cell::Nanos(finish.nanos), Cell::Ratio(finish.ratio)]);
    }
    report.table(table);
    drop((service, verifier));
    Ok(report)
}

/// Adds people, and the client that may read of them.
async fn fill(house: &House, people: usize) -> Outcome<(Vec<String>, String)> {
    let (context, now) = (&house.context, house.clock.now());
    let mut changes = Changes::default();
    let mut subs = Vec::new();
    for number in 0..people {
        let user = new_user(context, number, None, now)?;
        subs.push(user.id.to_string());
        changes = changes.and(Change::CreateUser(user));
    }
    commit(context, changes, "adding people").await?;
    let new = clients::NewClient {
        id: CLIENT.parse().map_err(failed("a client id"))?,
        scopes: BTreeSet::from([profiles::SCOPE.to_owned()]),
        audiences: BTreeSet::from([format!("{}/profiles", house.issuer())]),
    };
    let (_, secret) = clients::add(context, new, None, now).await.map_err(failed("adding a client"))?;
    Ok((subs, secret.reveal().to_owned()))
}

/// Starts the service's verifier, and waits until it hears news.
async fn subscribe(house: &House) -> Outcome<Verifier> {
    let verifier = follower(house)?;
    let end = Instant::now() + Duration::from_secs(30);
    while !verifier.is_ready() {
        if Instant::now() > end {
            return Err("the verifier hears no news".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(verifier)
}

fn source(house: &House, verifier: &Verifier, secret: &str) -> Outcome<ProfileSourceBuilder> {
    let credentials = ClientCredentials::secret(CLIENT, ClientSecret::new(secret));
    let tokens = TokenSource::builder(house.issuer(), credentials).build();
    let tokens = tokens.map_err(failed("building the source of tokens"))?;
    Ok(ProfileSource::builder(house.issuer(), tokens, verifier.revocations()))
}

fn reading<'a>(
    name: &str,
    runtime: &'a Runtime,
    source: &'a ProfileSource,
    subs: &'a [String],
) -> Contestant<'a> {
    let mut place = 0;
    Contestant::measuring_itself(name, move |count| {
        runtime.block_on(async {
            let start = Instant::now();
            for _ in 0..count {
                place = (place + 1) % subs.len();
                let found = source.find(&subs[place]).await.map_err(failed("reading a profile"))?;
                if found.is_none() {
                    return Err("somebody has no profile".to_owned());
                }
            }
            Ok(start.elapsed())
        })
    })
}
